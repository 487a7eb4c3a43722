import { KeysPage } from "../../features/keys/keys-page.tsx";
import { FirstModelQuickstart } from "../own-overview.tsx";
import { SignedIn } from "../signed-in.tsx";

export const KeysRoute = () => <SignedIn>{() => <KeysPage quickstart={<FirstModelQuickstart />} />}</SignedIn>;
