import { lazy, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { WithWallet } from "../../components/with-wallet.tsx";

const LinkWallets = lazy(async () => ({ default: (await import("./link-wallets.tsx")).LinkWallets }));

/** Another way in, and what can own an account that we sign for. */
export function LinkWalletButton() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="secondary" className="self-start" onClick={() => setOpen(true)}>
        Link a wallet
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Link a wallet"
        description="It signs a message to prove that it is yours. From then on you can sign in with it, too."
      >
        <WithWallet fallback={<Skeleton className="h-14 rounded-lg" />}>
          <LinkWallets onLinked={() => setOpen(false)} />
        </WithWallet>
      </Dialog>
    </>
  );
}
