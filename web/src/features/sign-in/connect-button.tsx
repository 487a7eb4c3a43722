import { lazy, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { WithWallet } from "../../components/with-wallet.tsx";

const WalletList = lazy(async () => ({ default: (await import("./wallet-list.tsx")).WalletList }));

interface ConnectButtonProps {
  size?: "sm" | "md" | "lg";
  className?: string;
}

/** Wallet and SIWE in one go: choose a wallet, sign, be in. */
export function ConnectButton({ size, className }: ConnectButtonProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size={size} className={className} onClick={() => setOpen(true)}>
        Connect wallet
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Connect wallet"
        description="You sign a message to prove that the wallet is yours. It costs nothing and moves nothing."
      >
        <WithWallet fallback={<Skeleton className="h-14 rounded-lg" />}>
          <WalletList />
        </WithWallet>
      </Dialog>
    </>
  );
}
