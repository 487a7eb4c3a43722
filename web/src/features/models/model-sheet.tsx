import { CopyButton } from "../../components/copy-button.tsx";
import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Sheet } from "../../components/ui/sheet.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { displayCount, displayLatency, perMillion } from "../../lib/format.ts";
import { type Endpoint, useEndpoints } from "./use-endpoints.ts";

/** The nodes behind a model: what each asks for, and how it did in the last 24 hours. */
export const ModelSheet = ({ model, onClose }: { model: string | null; onClose: () => void }) => (
  <Sheet
    open={model !== null}
    onOpenChange={(open) => !open && onClose()}
    title={model ?? ""}
    description="Figures are of the last 24 hours; the discrepancy is by how much a node's reports lie above our count."
  >
    {model && <Endpoints model={model} />}
  </Sheet>
);

function Endpoints({ model }: { model: string }) {
  const endpoints = useEndpoints(model);
  return (
    <QueryView query={endpoints} name="nodes" loading={<Skeleton className="h-48" />}>
      {(data) => (
        <div className="flex flex-col gap-6">
          <div className="flex items-center justify-between gap-3 rounded-lg bg-sunken py-1.5 pr-1.5 pl-3 text-sm">
            <code className="truncate">{model}</code>
            <CopyButton text={model} />
          </div>
          <ul aria-label="Nodes" className="flex flex-col gap-6">
            {data.map((endpoint) => (
              <li key={endpoint.node_id} className="rounded-xl border px-4 pt-3 pb-1">
                <EndpointFacts endpoint={endpoint} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </QueryView>
  );
}

const EndpointFacts = ({ endpoint }: { endpoint: Endpoint }) => (
  <>
    <div className="flex items-center justify-between gap-3">
      <h3 className="truncate text-sm font-semibold">{endpoint.provider_name}</h3>
      {endpoint.status === 0 ? <Badge tone="good">Live</Badge> : <Badge>Not answering</Badge>}
    </div>
    <Facts>
      <Fact name="Prompt" hint="per million tokens">
        <Money usd={perMillion(endpoint.pricing.prompt)} />
      </Fact>
      <Fact name="Completion" hint="per million tokens">
        <Money usd={perMillion(endpoint.pricing.completion)} />
      </Fact>
      <Fact name="Longest answer">{displayCount(endpoint.max_completion_tokens)} tokens</Fact>
      <Fact name="Uptime">{percent(endpoint.uptime_last_1d)}</Fact>
      <Fact name="First token">
        {endpoint.latency_last_1d === null ? "–" : displayLatency(Math.round(endpoint.latency_last_1d))}
      </Fact>
      <Fact name="Errors">{percent(endpoint.error_rate_last_1d)}</Fact>
      <Fact name="Discrepancy">{percent(endpoint.discrepancy_last_1d)}</Fact>
    </Facts>
  </>
);

const percent = (value: number | null): string => (value === null ? "–" : `${value.toFixed(1)} %`);
