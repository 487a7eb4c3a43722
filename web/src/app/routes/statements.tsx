import { StatementsPage } from "../../features/statements/statements-page.tsx";
import { SignedIn } from "../signed-in.tsx";

export const StatementsRoute = () => <SignedIn>{() => <StatementsPage />}</SignedIn>;
