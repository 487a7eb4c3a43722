import { Menu } from "@base-ui/react/menu";
import { Link } from "@tanstack/react-router";
import { Check, ChevronsUpDown, Copy, LogOut, Users } from "lucide-react";
import { lazy, useState } from "react";
import { WithWallet } from "../../components/with-wallet.tsx";
import type { Account } from "../../lib/api.ts";
import { cn } from "../../lib/cn.ts";
import { shortHex } from "../../lib/format.ts";
import { type Membership, useMemberships, useSwitchAccount } from "../../lib/memberships.ts";
import { useMe } from "../../lib/session.ts";
import { useSignOut } from "./use-sign-out.ts";

const OtherWallet = lazy(async () => ({ default: (await import("./other-wallet.tsx")).OtherWallet }));

const itemStyles =
  "flex w-full cursor-default items-center gap-2.5 rounded-md px-2.5 py-2 text-sm outline-none data-highlighted:bg-sunken [&_svg]:size-4 [&_svg]:text-muted";

/** The account that somebody is in, the others that he belongs to, and the way out. */
export function AccountMenu({ account }: { account: Account }) {
  const signOut = useSignOut();
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(account.currentOwner).then(() => setCopied(true));
  const CopyIcon = copied ? Check : Copy;
  const title = useTitle(account);

  return (
    <Menu.Root onOpenChange={() => setCopied(false)}>
      <Menu.Trigger
        aria-label={`Account ${title}`}
        className="flex h-10 w-full min-w-0 items-center gap-2.5 rounded-lg px-2 text-sm hover:bg-sunken data-popup-open:bg-sunken"
      >
        <Avatar address={account.ref} />
        <span className={cn("flex-1 truncate text-left", title.startsWith("0x") && "font-mono text-[13px]")}>
          {title}
        </span>
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
              {!account.custodial && (
                <WithWallet>
                  <OtherWallet owner={account.currentOwner} />
                </WithWallet>
              )}
            </div>
            <Accounts />
            {!account.custodial && (
              <Menu.Item closeOnClick={false} onClick={copy} className={itemStyles}>
                <CopyIcon aria-hidden />
                {copied ? "Copied" : "Copy address"}
              </Menu.Item>
            )}
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

/** The platform's address, which signs for an account without a wallet, is nobody's name. */
function useTitle({ name, custodial, currentOwner }: Account): string {
  const { data: me } = useMe();
  return name ?? (custodial ? (me?.emails[0]?.address ?? "Personal") : shortHex(currentOwner));
}

/** Where else he can go on. */
function Accounts() {
  const { data = [] } = useMemberships();
  const switchAccount = useSwitchAccount();
  return (
    <Menu.Group className="mb-1.5 border-y py-1.5">
      <Menu.GroupLabel className="px-2.5 py-1 text-xs text-muted">Accounts</Menu.GroupLabel>
      <Menu.RadioGroup
        value={data.find(({ current }) => current)?.id}
        onValueChange={(id: string) => switchAccount.mutate(id)}
      >
        {data.map((one) => (
          <Menu.RadioItem key={one.id} value={one.id} closeOnClick className={itemStyles}>
            <span className="max-w-48 flex-1 truncate">{titleOf(one)}</span>
            <Menu.RadioItemIndicator>
              <Check aria-hidden />
            </Menu.RadioItemIndicator>
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
      <Menu.Item render={<Link to="/team" />} className={itemStyles}>
        <Users aria-hidden />
        Teams
      </Menu.Item>
    </Menu.Group>
  );
}

const titleOf = ({ name, chainAccount }: Membership): string =>
  name ?? (chainAccount === null ? "Personal" : `Personal (${chainAccount})`);

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
