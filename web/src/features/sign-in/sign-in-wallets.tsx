import { WalletList } from "../../components/wallet-list.tsx";
import { useSignIn } from "./use-sign-in.ts";

/** Choosing a wallet connects it and signs in. */
export const SignInWallets = () => <WalletList choose={useSignIn()} />;
