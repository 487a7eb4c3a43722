import { useEffect } from "react";
import { Money } from "../components/money.tsx";
import { EmptyNote, QueryView } from "../components/query-view.tsx";
import { Card, CardHeader } from "../components/ui/card.tsx";
import { Skeleton } from "../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../components/ui/table.tsx";
import { ConnectButton } from "../features/sign-in/connect-button.tsx";
import { displayCount, perMillion } from "../lib/format.ts";
import { type Model, useModels } from "../lib/models.ts";

const POINTS = [
  ["Prepaid in USDC", "Every dollar of credit is backed by one USDC in a contract on Base. Anybody can check it."],
  ["Any OpenAI client", "Change the base URL and the key. Streaming, usage and cost come as you know them."],
  ["Every charge verifiable", "Each request has a receipt in a batch that is settled on-chain, 80 % to who served it."],
] as const;

/** What a visitor sees: what this is, what it costs, the way in. */
export function Welcome() {
  useEffect(() => {
    document.title = "infr: prepaid inference credit";
  }, []);
  return (
    <div className="flex flex-col gap-12 sm:gap-16">
      <section className="max-w-2xl pt-4 sm:pt-12">
        <h1 className="text-4xl leading-[1.05] font-semibold tracking-[-0.035em] sm:text-[56px]">
          Inference credit you can check.
        </h1>
        <p className="mt-5 max-w-xl text-lg text-pretty text-muted">
          Put in USDC, call any model through one OpenAI-compatible API, and see each request settled on Base, to the
          last unit.
        </p>
        <ConnectButton size="lg" className="mt-8" />
      </section>
      <ul className="grid gap-8 border-t pt-8 sm:grid-cols-3">
        {POINTS.map(([title, text]) => (
          <li key={title}>
            <h2 className="text-[15px] font-semibold">{title}</h2>
            <p className="mt-1.5 text-sm text-pretty text-muted">{text}</p>
          </li>
        ))}
      </ul>
      <Models />
    </div>
  );
}

function Models() {
  const models = useModels();
  return (
    <Card aria-labelledby="models">
      <CardHeader id="models" title="Models" description="Best price right now, per million tokens." />
      <QueryView
        query={models}
        name="models"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.length === 0}
        empty={<EmptyNote title="No model is for sale right now">Operators come and go; look again later.</EmptyNote>}
      >
        {(data) => <ModelTable models={data} />}
      </QueryView>
    </Card>
  );
}

const ModelTable = ({ models }: { models: Model[] }) => (
  <Table aria-labelledby="models" className="mt-3">
    <thead>
      <tr>
        <Th>Model</Th>
        <Th className="hidden text-right sm:table-cell">Context</Th>
        <Th className="text-right">Prompt</Th>
        <Th className="text-right">Completion</Th>
      </tr>
    </thead>
    <tbody>
      {models.map((model) => (
        <Row key={model.id}>
          <Td className="w-full max-w-0 truncate font-medium">{model.id}</Td>
          <Td className="hidden text-right whitespace-nowrap text-muted tabular-nums sm:table-cell">
            {displayCount(model.context_length)}
          </Td>
          <Td className="text-right">
            <Money usd={perMillion(model.pricing.prompt)} />
          </Td>
          <Td className="text-right">
            <Money usd={perMillion(model.pricing.completion)} />
          </Td>
        </Row>
      ))}
    </tbody>
  </Table>
);
