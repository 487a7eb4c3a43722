import { Choice } from "../../components/ui/choice.tsx";
import { type GivenRole, ROLE_HINTS } from "./use-team.ts";

const OPTIONS = (["member", "billing", "admin"] as const).map((value) => ({
  value,
  label: `${value.charAt(0).toUpperCase()}${value.slice(1)}`,
  hint: ROLE_HINTS[value],
}));

export const RoleChoice = ({ value, onChange }: { value: GivenRole; onChange: (role: GivenRole) => void }) => (
  <Choice label="Role" value={value} options={OPTIONS} onChange={onChange} />
);
