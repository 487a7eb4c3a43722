import { X } from "lucide-react";
import { Button } from "../../components/ui/button.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import { useSession } from "../../lib/session.ts";
import { type Choosable, currentDay, daysOf, type UsageSearch } from "./usage-search.ts";
import { useChoices } from "./use-usage.ts";

const STATUSES = [
  { value: "ok", label: "OK" },
  { value: "aborted", label: "Aborted" },
  { value: "error", label: "Error" },
];

/** What is chosen from what was used; `all` stands for no choice. The last two are of teams. */
const USED = [
  { by: "model", field: "model", label: "Model", all: "All models" },
  { by: "key", field: "keyId", label: "Key", all: "All keys" },
  { by: "node", field: "nodeId", label: "Node", all: "All nodes" },
  { by: "member", field: "memberId", label: "Member", all: "All members" },
  { by: "project", field: "project", label: "Project", all: "All projects" },
] as const satisfies { by: Choosable; field: keyof UsageSearch; label: string; all: string }[];

const FIELDS = ["from", "to", "status", ...USED.map(({ field }) => field)] as const;

interface UsageFiltersProps {
  search: UsageSearch;
  onChange: (change: Partial<Record<keyof UsageSearch, string | undefined>>) => void;
}

/** Days, model, key, node and status, member and project too: each is part of the URL. */
export function UsageFilters({ search, onChange }: UsageFiltersProps) {
  const days = daysOf(search, currentDay());
  const isTeam = useSession().data?.kind === "team";
  return (
    <search aria-label="Filters" className="grid grid-cols-2 items-end gap-3 sm:grid-cols-3 lg:grid-cols-6">
      <TextField
        label="From"
        type="date"
        value={days.from}
        max={days.to}
        onValueChange={(value) => onChange({ from: value || undefined })}
      />
      <TextField
        label="To"
        type="date"
        value={days.to}
        min={days.from}
        onValueChange={(value) => onChange({ to: value || undefined })}
      />
      {USED.slice(0, isTeam ? USED.length : 3).map((used) => (
        <PickUsed key={used.by} {...used} search={search} onChange={onChange} />
      ))}
      <Pick
        label="Status"
        all="Any"
        value={search.status}
        choices={STATUSES}
        onPick={(value) => onChange({ status: value })}
      />
      {FIELDS.some((field) => search[field]) && (
        <Button
          variant="ghost"
          size="sm"
          className="col-span-full justify-self-start"
          onClick={() => onChange(Object.fromEntries(FIELDS.map((field) => [field, undefined])))}
        >
          <X aria-hidden />
          Clear filters
        </Button>
      )}
    </search>
  );
}

type PickUsedProps = UsageFiltersProps & (typeof USED)[number];

function PickUsed({ by, field, label, all, search, onChange }: PickUsedProps) {
  return (
    <Pick
      label={label}
      all={all}
      value={search[field]}
      choices={useChoices(search, by)}
      onPick={(value) => onChange({ [field]: value })}
    />
  );
}

interface PickProps {
  label: string;
  /** What stands for no choice. */
  all: string;
  value: string | undefined;
  choices: { value: string; label: string }[];
  onPick: (value: string | undefined) => void;
}

/** A choice that is in the URL is offered even where nothing was used on these days. */
function Pick({ label, all, value, choices, onPick }: PickProps) {
  const known = value === undefined || choices.some((choice) => choice.value === value);
  const options = [{ value: "", label: all }, ...choices, ...(known ? [] : [{ value, label: value }])];
  return <Select label={label} value={value ?? ""} options={options} onChange={(next) => onPick(next || undefined)} />;
}
