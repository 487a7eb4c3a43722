import { KeysPage } from "../../features/keys/keys-page.tsx";
import { SignedIn } from "../signed-in.tsx";
import { FirstModelQuickstart } from "./overview.tsx";

export const KeysRoute = () => <SignedIn>{() => <KeysPage quickstart={<FirstModelQuickstart />} />}</SignedIn>;
