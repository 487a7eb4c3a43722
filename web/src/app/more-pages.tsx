import { Menu } from "@base-ui/react/menu";
import { Link } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { usePages, WITHIN_REACH } from "./navigation.ts";

/** The pages that have no room in a phone's bottom bar. */
export const MorePages = () => (
  <Menu.Root>
    <Menu.Trigger className="flex flex-col items-center gap-1 pt-2.5 pb-2 text-[11px] text-muted -outline-offset-2 data-popup-open:text-ink">
      <Ellipsis aria-hidden className="size-5" />
      More
    </Menu.Trigger>
    <Menu.Portal>
      <Menu.Positioner side="top" sideOffset={8} align="end" className="z-50 outline-none">
        <Menu.Popup className="min-w-52 rounded-xl border bg-surface p-1.5 shadow-float outline-none">
          {usePages()
            .slice(WITHIN_REACH)
            .map(({ to, label, icon: Icon }) => (
              <Menu.Item
                key={to}
                render={<Link to={to} />}
                className="flex w-full items-center gap-3 rounded-md px-2.5 py-2.5 text-sm outline-none data-highlighted:bg-sunken [&_svg]:size-4 [&_svg]:text-muted"
              >
                <Icon aria-hidden />
                {label}
              </Menu.Item>
            ))}
        </Menu.Popup>
      </Menu.Positioner>
    </Menu.Portal>
  </Menu.Root>
);
