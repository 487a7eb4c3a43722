import { Menu } from "@base-ui/react/menu";
import { Check, ChevronsUpDown, Copy, LogOut } from "lucide-react";
import { lazy, useState } from "react";
import { WithWallet } from "../../components/with-wallet.tsx";
import type { Account } from "../../lib/api.ts";
import { shortHex } from "../../lib/format.ts";
import { useSignOut } from "./use-sign-out.ts";

const OtherWallet = lazy(async () => ({ default: (await import("./other-wallet.tsx")).OtherWallet }));

const itemStyles =
  "flex w-full cursor-default items-center gap-2.5 rounded-md px-2.5 py-2 text-sm outline-none data-highlighted:bg-sunken [&_svg]:size-4 [&_svg]:text-muted";

/** Who is signed in, and the way out. */
export function AccountMenu({ account }: { account: Account }) {
  const signOut = useSignOut();
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(account.owner).then(() => setCopied(true));
  const CopyIcon = copied ? Check : Copy;

  return (
    <Menu.Root onOpenChange={() => setCopied(false)}>
      <Menu.Trigger
        aria-label={`Account ${shortHex(account.owner)}`}
        className="flex h-10 w-full min-w-0 items-center gap-2.5 rounded-lg px-2 text-sm hover:bg-sunken data-popup-open:bg-sunken"
      >
        <Avatar address={account.owner} />
        <span className="flex-1 truncate text-left font-mono text-[13px]">{shortHex(account.owner)}</span>
        <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-muted" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={8} align="end" className="z-50 outline-none">
          <Menu.Popup className="min-w-60 rounded-xl border bg-surface p-1.5 shadow-float outline-none">
            <div className="px-2.5 py-2 text-xs text-muted">
              <p>
                {account.chainAccount === null
                  ? "Opens on-chain with the first deposit"
                  : `Account ${account.chainAccount}`}
              </p>
              <WithWallet>
                <OtherWallet owner={account.owner} />
              </WithWallet>
            </div>
            <Menu.Item closeOnClick={false} onClick={copy} className={itemStyles}>
              <CopyIcon aria-hidden />
              {copied ? "Copied" : "Copy address"}
            </Menu.Item>
            <Menu.Item onClick={() => signOut.mutate()} className={itemStyles}>
              <LogOut aria-hidden />
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

/** Two tones drawn from the address: the same wallet looks the same everywhere. */
function Avatar({ address }: { address: string }) {
  const hue = Number.parseInt(address.slice(2, 6), 16) % 360;
  return (
    <svg viewBox="0 0 24 24" aria-hidden className="size-6 shrink-0 overflow-hidden rounded-full">
      <rect width="24" height="24" fill={`oklch(0.72 0.1 ${hue})`} />
      <circle cx="18" cy="18" r="12" fill={`oklch(0.5 0.1 ${(hue + 40) % 360})`} />
    </svg>
  );
}
