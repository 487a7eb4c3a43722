import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Check, Minus } from "lucide-react";
import { useState } from "react";
import { QueryView } from "../../components/query-view.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Select } from "../../components/ui/select.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { api, type SharingSystem, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";
import { CATEGORIES, type Category } from "../../lib/sharing-categories.ts";

/** What the table can be sorted by; what a system can do comes before what it can't. */
const COLUMNS = {
  name: { label: "System", of: ({ name }: SharingSystem) => name.toLowerCase() },
  category: { label: "Category", of: ({ category }: SharingSystem) => category },
  team_pool: { label: "Team pool", of: ({ team_pool: has }: SharingSystem) => (has ? "0" : "1") },
  gift_credit: { label: "Gifts", of: ({ gift_credit: has }: SharingSystem) => (has ? "0" : "1") },
  p2p_transfer: { label: "Person to person", of: ({ p2p_transfer: has }: SharingSystem) => (has ? "0" : "1") },
  unit: { label: "Unit", of: ({ unit }: SharingSystem) => unit.toLowerCase() },
} as const;
type Column = keyof typeof COLUMNS;
type Order = { by: Column; down: boolean };

const ALL = "all";

interface ComparisonProps {
  category: Category | undefined;
  onCategory: (category: Category | undefined) => void;
}

/** Which systems let people share credit, and how. */
export function Comparison({ category, onCategory }: ComparisonProps) {
  const systems = useQuery({ queryKey: queryKeys.share, queryFn: () => unwrap(api.GET("/api/share")) });
  return (
    <Card aria-labelledby="systems">
      <CardHeader
        id="systems"
        title="Who lets you share"
        description={
          systems.data && `As their documentation said on ${systems.data.updated}. Check it before you rely on it.`
        }
        action={
          <div className="w-full sm:w-48">
            <Select
              label="Category"
              value={category ?? ALL}
              options={[
                { value: ALL, label: "All" },
                ...Object.entries(CATEGORIES).map(([value, label]) => ({ value, label })),
              ]}
              onChange={(value) => onCategory(value in CATEGORIES ? (value as Category) : undefined)}
            />
          </div>
        }
      />
      <QueryView query={systems} name="systems" loading={<Skeleton className="m-6 h-72" />}>
        {(data) => <SystemTable systems={data.systems.filter((one) => !category || one.category === category)} />}
      </QueryView>
    </Card>
  );
}

function SystemTable({ systems }: { systems: SharingSystem[] }) {
  const [order, setOrder] = useState<Order>({ by: "name", down: false });
  const head = (by: Column, className = "") => (
    <SortHead by={by} order={order} onOrder={setOrder} className={className} />
  );
  return (
    <Table aria-labelledby="systems" className="mt-3">
      <thead>
        <tr>
          {head("name")}
          {head("category", "hidden lg:table-cell")}
          {head("team_pool")}
          {head("gift_credit")}
          {head("p2p_transfer")}
          {head("unit", "hidden md:table-cell")}
        </tr>
      </thead>
      <tbody>
        {sorted(systems, order).map((system) => (
          <SystemRow key={system.name} system={system} />
        ))}
      </tbody>
    </Table>
  );
}

function sorted(systems: SharingSystem[], { by, down }: Order): SharingSystem[] {
  const { of } = COLUMNS[by];
  const factor = down ? -1 : 1;
  return systems.toSorted((a, b) => factor * of(a).localeCompare(of(b)) || a.name.localeCompare(b.name));
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

const SystemRow = ({ system }: { system: SharingSystem }) => (
  <Row>
    <Td className="min-w-52">
      <a
        href={system.url}
        className="font-medium underline decoration-line-strong underline-offset-3 hover:decoration-ink"
      >
        {system.name}
      </a>
      <span className="mt-0.5 block max-w-md text-xs text-pretty text-muted">{system.how}</span>
    </Td>
    <Td className="hidden text-muted lg:table-cell">{CATEGORIES[system.category]}</Td>
    <Td>
      <YesOrNo has={system.team_pool} />
    </Td>
    <Td>
      <YesOrNo has={system.gift_credit} />
    </Td>
    <Td>
      <YesOrNo has={system.p2p_transfer} />
    </Td>
    <Td className="hidden text-muted md:table-cell">{system.unit}</Td>
  </Row>
);

const YesOrNo = ({ has }: { has: boolean }) => (
  <>
    {has ? <Check aria-hidden className="size-4 text-good" /> : <Minus aria-hidden className="size-4 text-muted" />}
    <span className="sr-only">{has ? "Yes" : "No"}</span>
  </>
);
