import { lazy, useState } from "react";
import { Button } from "../../components/ui/button.tsx";
import { Dialog } from "../../components/ui/dialog.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { WithWallet } from "../../components/with-wallet.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { EmailForm } from "./email-form.tsx";

const SignInWallets = lazy(async () => ({ default: (await import("./sign-in-wallets.tsx")).SignInWallets }));

interface ConnectButtonProps {
  size?: "sm" | "md" | "lg";
  className?: string;
}

/** Wallet and SIWE in one go: choose a wallet, sign, be in. Or a code by e-mail, for those without a wallet. */
export function ConnectButton({ size, className }: ConnectButtonProps) {
  const [open, setOpen] = useState(false);
  const { emailSignIn } = useAppConfig();
  return (
    <>
      <Button size={size} className={className} onClick={() => setOpen(true)}>
        Sign in
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Sign in"
        description="With a wallet you sign a message to prove that it is yours. It costs nothing and moves nothing."
      >
        <WithWallet fallback={<Skeleton className="h-14 rounded-lg" />}>
          <SignInWallets />
        </WithWallet>
        {emailSignIn && (
          <>
            <p className="my-3 flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
              or without a wallet
            </p>
            <EmailForm />
          </>
        )}
      </Dialog>
    </>
  );
}
