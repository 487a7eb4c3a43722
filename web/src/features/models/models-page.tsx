import { parseUsd } from "@infr/money";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useState } from "react";
import { Money } from "../../components/money.tsx";
import { Page } from "../../components/page.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { Card } from "../../components/ui/card.tsx";
import { TextField } from "../../components/ui/field.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { displayCount, perMillion } from "../../lib/format.ts";
import { type Model, useModels } from "../../lib/models.ts";
import { ModelSheet } from "./model-sheet.tsx";

/** What the list can be sorted by; ascending first. */
const COLUMNS = {
  id: { label: "Model", of: ({ id }: Model) => id },
  context: { label: "Context", of: (model: Model) => BigInt(model.context_length) },
  prompt: { label: "Prompt", of: ({ pricing }: Model) => parseUsd(pricing.prompt) },
  completion: { label: "Completion", of: ({ pricing }: Model) => parseUsd(pricing.completion) },
  nodes: { label: "Nodes", of: ({ nodes }: Model) => BigInt(nodes) },
} as const;
type Column = keyof typeof COLUMNS;
type Order = { by: Column; down: boolean };

/** Every model for sale with its best price; behind each, the nodes that serve it. */
export function ModelsPage() {
  const models = useModels();
  const [search, setSearch] = useState("");
  return (
    <Page title="Models" description="Best price right now, in dollars per million tokens. Operators set their own.">
      <Card aria-label="Models">
        <div className="p-5 pb-3 sm:px-6">
          <TextField
            label="Search"
            type="search"
            placeholder="e.g. llama"
            value={search}
            onValueChange={setSearch}
            className="max-w-80"
          />
        </div>
        <QueryView
          query={models}
          name="models"
          loading={<Skeleton className="m-6 h-48" />}
          isEmpty={(data) => data.length === 0}
          empty={<EmptyNote title="No model is for sale right now">Operators come and go; look again later.</EmptyNote>}
        >
          {(data) => <ModelTable models={data.filter(({ id }) => id.toLowerCase().includes(search.toLowerCase()))} />}
        </QueryView>
      </Card>
    </Page>
  );
}

function ModelTable({ models }: { models: Model[] }) {
  const [order, setOrder] = useState<Order>({ by: "id", down: false });
  const [open, setOpen] = useState<string | null>(null);
  const head = (by: Column, className = "") => (
    <SortHead by={by} order={order} onOrder={setOrder} className={className} />
  );
  if (models.length === 0) return <EmptyNote title="No model has that name">Try a shorter one.</EmptyNote>;
  return (
    <>
      <Table aria-label="Models">
        <thead>
          <tr>
            {head("id")}
            {head("context", "hidden text-right md:table-cell")}
            {head("prompt", "text-right")}
            {head("completion", "text-right")}
            {head("nodes", "hidden text-right sm:table-cell")}
          </tr>
        </thead>
        <tbody>
          {sorted(models, order).map((model) => (
            <ModelRow key={model.id} model={model} onOpen={setOpen} />
          ))}
        </tbody>
      </Table>
      <ModelSheet model={open} onClose={() => setOpen(null)} />
    </>
  );
}

function sorted(models: Model[], { by, down }: Order): Model[] {
  const { of } = COLUMNS[by];
  const factor = down ? -1 : 1;
  return models.toSorted((a, b) => {
    const [first, second] = [of(a), of(b)];
    return first === second ? 0 : first < second ? -factor : factor;
  });
}

interface SortHeadProps {
  by: Column;
  order: Order;
  onOrder: (order: Order) => void;
  className: string;
}

function SortHead({ by, order, onOrder, className }: SortHeadProps) {
  const isSorted = order.by === by;
  const Arrow = order.down ? ArrowDown : ArrowUp;
  return (
    <Th className={className} aria-sort={isSorted ? (order.down ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        className="inline-flex items-center gap-1 hover:text-ink"
        onClick={() => onOrder({ by, down: isSorted && !order.down })}
      >
        {COLUMNS[by].label}
        {isSorted && <Arrow aria-hidden className="size-3" />}
      </button>
    </Th>
  );
}

const ModelRow = ({ model, onOpen }: { model: Model; onOpen: (id: string) => void }) => (
  <Row className="relative hover:bg-sunken">
    <Td className="w-full max-w-0">
      <button
        type="button"
        onClick={() => onOpen(model.id)}
        title={model.id}
        className="block w-full truncate text-left font-medium after:absolute after:inset-0"
      >
        {model.id}
      </button>
    </Td>
    <Td className="hidden text-right whitespace-nowrap text-muted tabular-nums md:table-cell">
      {displayCount(model.context_length)}
    </Td>
    <Td className="text-right">
      <Money usd={perMillion(model.pricing.prompt)} />
    </Td>
    <Td className="text-right">
      <Money usd={perMillion(model.pricing.completion)} />
    </Td>
    <Td className="hidden text-right text-muted tabular-nums sm:table-cell">{displayCount(model.nodes)}</Td>
  </Row>
);
