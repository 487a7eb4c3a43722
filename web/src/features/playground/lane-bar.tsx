import { Plus, X } from "lucide-react";
import { Button } from "../../components/ui/button.tsx";
import { Select } from "../../components/ui/select.tsx";
import type { Model } from "../../lib/models.ts";
import { type Lane, MAX_LANES } from "./rounds.ts";

interface LaneBarProps {
  lanes: Lane[];
  models: Model[];
  onChange: (lanes: Lane[]) => void;
}

/** Which models are asked: one to four, side by side. */
export function LaneBar({ lanes, models, onChange }: LaneBarProps) {
  const options = models.map(({ id }) => ({ value: id, label: id }));
  const add = () => {
    const unused = models.find(({ id }) => lanes.every(({ model }) => model !== id)) ?? models[0];
    if (unused) onChange([...lanes, newLane(unused.id)]);
  };
  return (
    <fieldset className="grid min-w-0 flex-1 grid-cols-[repeat(auto-fill,minmax(12rem,1fr))] items-end gap-3">
      <legend className="sr-only">Models</legend>
      {lanes.map((lane, index) => (
        <div key={lane.id} className="flex min-w-0 items-end gap-1">
          <div className="min-w-0 flex-1">
            <Select
              label={lanes.length === 1 ? "Model" : `Model ${index + 1}`}
              value={lane.model}
              options={options}
              onChange={(model) => onChange(lanes.map((each) => (each === lane ? { ...lane, model } : each)))}
            />
          </div>
          {lanes.length > 1 && (
            <Button
              variant="ghost"
              size="icon"
              className="size-10"
              aria-label={`Remove model ${index + 1}`}
              onClick={() => onChange(lanes.filter((each) => each !== lane))}
            >
              <X aria-hidden />
            </Button>
          )}
        </div>
      ))}
      {lanes.length < MAX_LANES && (
        <Button variant="ghost" className="justify-self-start" onClick={add}>
          <Plus aria-hidden />
          Compare with another
        </Button>
      )}
    </fieldset>
  );
}

export const newLane = (model: string): Lane => ({ id: crypto.randomUUID(), model });
