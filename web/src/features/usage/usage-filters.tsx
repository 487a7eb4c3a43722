import { X } from "lucide-react";
import { Button } from "../../components/ui/button.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Select } from "../../components/ui/select.tsx";
import { useSession } from "../../lib/session.ts";
import { currentDay, daysOf, type UsageSearch } from "./usage-search.ts";
import { useChoices } from "./use-usage.ts";

const STATUSES = [
  { value: "ok", label: "OK" },
  { value: "aborted", label: "Aborted" },
  { value: "error", label: "Error" },
];

interface UsageFiltersProps {
  search: UsageSearch;
  onChange: (change: Partial<Record<keyof UsageSearch, string | undefined>>) => void;
}

/** Days, model, key, node and status: each is part of the URL. */
export function UsageFilters({ search, onChange }: UsageFiltersProps) {
  const days = daysOf(search, currentDay());
  const { from, to, model, keyId, nodeId, memberId, project, status } = search;
  const isNarrowed = [from, to, model, keyId, nodeId, memberId, project, status].some(Boolean);
  const isTeam = useSession().data?.kind === "team";
  const members = useChoices(search, "member");
  const projects = useChoices(search, "project");
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
      <Pick
        label="Model"
        all="All models"
        value={model}
        choices={useChoices(search, "model")}
        onPick={(value) => onChange({ model: value })}
      />
      <Pick
        label="Key"
        all="All keys"
        value={keyId}
        choices={useChoices(search, "key")}
        onPick={(value) => onChange({ keyId: value })}
      />
      <Pick
        label="Node"
        all="All nodes"
        value={nodeId}
        choices={useChoices(search, "node")}
        onPick={(value) => onChange({ nodeId: value })}
      />
      {isTeam && (
        <>
          <Pick
            label="Member"
            all="All members"
            value={memberId}
            choices={members}
            onPick={(value) => onChange({ memberId: value })}
          />
          <Pick
            label="Project"
            all="All projects"
            value={project}
            choices={projects}
            onPick={(value) => onChange({ project: value })}
          />
        </>
      )}
      <Pick
        label="Status"
        all="Any"
        value={status}
        choices={STATUSES}
        onPick={(value) => onChange({ status: value })}
      />
      {isNarrowed && (
        <Button
          variant="ghost"
          size="sm"
          className="col-span-full justify-self-start"
          onClick={() =>
            onChange({
              from: undefined,
              to: undefined,
              model: undefined,
              keyId: undefined,
              nodeId: undefined,
              memberId: undefined,
              project: undefined,
              status: undefined,
            })
          }
        >
          <X aria-hidden />
          Clear filters
        </Button>
      )}
    </search>
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
