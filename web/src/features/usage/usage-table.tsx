import { memo, useState } from "react";
import { Money } from "../../components/money.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { UsageRow } from "../../lib/api.ts";
import { displayCount, displayLatency } from "../../lib/format.ts";
import { RequestSheet } from "./request-sheet.tsx";

const COST_DIGITS = 6;
const COLUMNS = 8;

const STATUS = {
  ok: { label: "OK", tone: "good" },
  aborted: { label: "Aborted", tone: "ember" },
  error: { label: "Error", tone: "bad" },
} as const;

/** One request a row, its details beside the table; on a phone what matters most, with the rest under it. */
export function UsageTable({ rows, label }: { rows: UsageRow[]; label: string }) {
  const [open, setOpen] = useState<UsageRow | null>(null);
  return (
    <>
      <UsageRows rows={rows} label={label} onOpen={setOpen} />
      <RequestSheet row={open} onClose={() => setOpen(null)} />
    </>
  );
}

type Open = { onOpen: (row: UsageRow) => void };

/** Where drawn rows stand in a longer table, and the room of those that are not drawn. */
type Part = {
  firstIndex: number;
  /** Rows in all; -1 where nobody knows yet. */
  total: number;
  beforePx: number;
  afterPx: number;
};

type UsageRowsProps = { rows: UsageRow[]; label: string; part?: Part } & Open;

export function UsageRows({ rows, label, onOpen, part }: UsageRowsProps) {
  return (
    <Table aria-label={label} aria-rowcount={part && (part.total < 0 ? -1 : part.total + 1)}>
      <thead>
        <tr>
          <Th className="hidden lg:table-cell">Time</Th>
          <Th className="max-lg:pl-5">Model</Th>
          <Th className="hidden text-right lg:table-cell">Tokens in / out</Th>
          <Th className="text-right max-lg:pr-5">Cost</Th>
          <Th className="hidden xl:table-cell">Node</Th>
          <Th className="hidden text-right xl:table-cell">Latency</Th>
          <Th className="hidden lg:table-cell">Status</Th>
          <Th className="hidden text-right lg:table-cell">Batch</Th>
        </tr>
      </thead>
      <tbody>
        {part && <Room px={part.beforePx} />}
        {rows.map((row, index) => (
          <UsageTableRow key={row.id} row={row} onOpen={onOpen} index={part && part.firstIndex + index} />
        ))}
        {part && <Room px={part.afterPx} />}
      </tbody>
    </Table>
  );
}

/** Scrolls like the rows that are not drawn. */
const Room = ({ px }: { px: number }) =>
  px > 0 && (
    <tr aria-hidden>
      <td colSpan={COLUMNS} style={{ height: px }} />
    </tr>
  );

type UsageTableRowProps = { row: UsageRow; index: number | undefined } & Open;

/** Drawn once, however often the rows around it change. */
const UsageTableRow = memo(function UsageTableRow({ row, onOpen, index }: UsageTableRowProps) {
  const { label, tone } = STATUS[row.status];
  return (
    <Row
      // The head is the first row.
      aria-rowindex={index === undefined ? undefined : index + 2}
      // One height for all: the log counts on it.
      className="relative h-[65px] hover:bg-sunken lg:h-[49px]"
    >
      <Td className="hidden text-muted lg:table-cell">
        <TimeAgo iso={row.time} />
      </Td>
      <Td className="max-w-0 max-lg:w-full max-lg:pl-5 lg:max-w-52">
        <button
          type="button"
          onClick={() => onOpen(row)}
          aria-label={`Details of ${row.id}, ${row.model}`}
          title={row.model}
          className="block w-full truncate text-left font-medium after:absolute after:inset-0"
        >
          {row.model}
        </button>
        <span className="mt-0.5 block truncate text-xs text-muted lg:hidden">
          {row.status !== "ok" && <span className="text-bad">{label} · </span>}
          <TimeAgo iso={row.time} /> · <Tokens row={row} />
        </span>
      </Td>
      <Td className="hidden text-right whitespace-nowrap lg:table-cell">
        <Tokens row={row} />
      </Td>
      <Td className="text-right max-lg:pr-5">
        <Money usd={row.cost} digits={COST_DIGITS} />
      </Td>
      <Td className="hidden max-w-36 truncate text-muted xl:table-cell">
        <span title={`${row.nodeName} (${row.nodeId})`}>{row.nodeName}</span>
      </Td>
      <Td className="hidden text-right whitespace-nowrap text-muted tabular-nums xl:table-cell">
        {displayLatency(row.latencyMs)}
      </Td>
      <Td className="hidden lg:table-cell">
        <Badge tone={tone}>{label}</Badge>
      </Td>
      <Td className="hidden text-right text-muted tabular-nums lg:table-cell">
        {row.batchSeq === null ? <span title="Not settled yet">–</span> : `#${row.batchSeq}`}
      </Td>
    </Row>
  );
});

/**
 * In counts prompt and cached prompt, out counts completion and reasoning: the classes are disjoint. A resource is not sold
 * by the token: its units stand alone.
 */
function Tokens({ row }: { row: UsageRow }) {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens, units } = row;
  if (units > 0) return <span className="tabular-nums">{displayCount(units)} units</span>;
  const detail = `prompt ${promptTokens}, cached ${cachedTokens}, completion ${completionTokens}, reasoning ${reasoningTokens}`;
  return (
    <span title={detail} className="tabular-nums">
      {displayCount(promptTokens + cachedTokens)} / {displayCount(completionTokens + reasoningTokens)}
    </span>
  );
}
