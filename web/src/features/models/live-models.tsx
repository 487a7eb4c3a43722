import { Link } from "@tanstack/react-router";
import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { buttonStyles } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import { displayCount, perMillion } from "../../lib/format.ts";
import { type Model, useModels } from "../../lib/models.ts";
import { cheapest } from "./cheapest.ts";

const SHOWN = 5;

/** The cheapest models of the moment; told anew when an operator changes what is for sale. */
export function LiveModels() {
  const models = useModels();
  return (
    <Card aria-labelledby="models">
      <CardHeader
        id="models"
        title="Models"
        description="Best price right now, per million tokens."
        action={
          <Link to="/models" className={buttonStyles({ variant: "ghost", size: "sm", className: "-my-1.5" })}>
            All models
          </Link>
        }
      />
      <QueryView
        query={models}
        name="models"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.length === 0}
        empty={
          <EmptyNote
            title="No model is for sale right now"
            action={
              <Link to="/earnings" className={buttonStyles({ variant: "secondary", size: "sm" })}>
                Sell one
              </Link>
            }
          >
            Operators come and go; it is shown here as soon as one is back.
          </EmptyNote>
        }
      >
        {(data) => <ModelTable models={cheapest(data, SHOWN)} />}
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
          <Td className="w-full max-w-0 truncate font-medium" title={model.id}>
            {model.id}
          </Td>
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
