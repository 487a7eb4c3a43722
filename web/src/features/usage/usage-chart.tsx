import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { displayUsd } from "../../lib/format.ts";
import type { ChartData } from "./chart-data.ts";

/** Apart in both schemes, and for most who don't see all colours; others are grey. */
const COLOURS = ["#c2410c", "#0e7490", "#a16207", "#6d28d9", "#15803d", "#be185d", "#1d4ed8", "#4d7c0f"];
const OTHERS = "#78716c";

const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" });
const displayDay = (iso: unknown): string => day.format(new Date(`${String(iso)}T00:00:00Z`));
/** For drawing only: what is read is the exact string. */
const axisUsd = (value: number): string => displayUsd(value.toFixed(value < 0.1 ? 4 : 2));

/** Spend by day, one bar a day, split. What it shows is said in the table of the same numbers too. */
export default function UsageChart({ data: { series, rows } }: { data: ChartData }) {
  return (
    <div className="h-64 w-full text-xs" aria-hidden>
      <ResponsiveContainer width="100%" height="100%">
        <BarChart accessibilityLayer={false} data={rows} margin={{ top: 4, right: 0, bottom: 0, left: 0 }}>
          <CartesianGrid vertical={false} stroke="var(--color-line)" />
          <XAxis
            dataKey="day"
            tickFormatter={displayDay}
            tickLine={false}
            axisLine={false}
            stroke="var(--color-muted)"
            minTickGap={24}
          />
          <YAxis tickFormatter={axisUsd} tickLine={false} axisLine={false} stroke="var(--color-muted)" width={64} />
          <Tooltip
            cursor={{ fill: "var(--color-sunken)" }}
            labelFormatter={displayDay}
            formatter={(value) => axisUsd(Number(value))}
            contentStyle={{
              background: "var(--color-surface)",
              border: "1px solid var(--color-line)",
              borderRadius: 8,
            }}
          />
          {series.map(({ key, label, isOthers }, index) => (
            <Bar
              key={key}
              dataKey={(row: ChartData["rows"][number]) => row.values[key] ?? 0}
              name={label}
              stackId="cost"
              fill={isOthers ? OTHERS : COLOURS[index % COLOURS.length]}
              isAnimationActive={false}
              maxBarSize={36}
            />
          ))}
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}
