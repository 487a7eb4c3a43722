import { Money } from "../../components/money.tsx";
import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { Gift } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { useGifts, useRevokeGift } from "./use-gifts.ts";

const STATES = {
  awaiting_signature: { label: "Not signed", tone: "neutral" },
  pending: { label: "On its way", tone: "ember" },
  active: { label: "Active", tone: "good" },
  redeemed: { label: "Redeemed", tone: "neutral" },
  revoked: { label: "Revoked", tone: "neutral" },
  expired: { label: "Came back", tone: "neutral" },
  failed: { label: "Failed", tone: "bad" },
} as const;

export function GiftList() {
  const gifts = useGifts();
  return (
    <Card aria-labelledby="gifts">
      <CardHeader id="gifts" title="Your gifts" />
      <QueryView
        query={gifts}
        name="gifts"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.gifts.length === 0}
        empty={<EmptyNote title="No gifts yet">Issue a code and give it to whom you like.</EmptyNote>}
      >
        {(data) => (
          <Table aria-labelledby="gifts" className="mt-3">
            <thead>
              <tr>
                <Th>Issued</Th>
                <Th className="text-right">Amount</Th>
                <Th className="hidden sm:table-cell">Message</Th>
                <Th>State</Th>
                <Th>
                  <span className="sr-only">Action</span>
                </Th>
              </tr>
            </thead>
            <tbody>
              {data.gifts.map((gift) => (
                <GiftRow key={gift.id} gift={gift} />
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}

function GiftRow({ gift }: { gift: Gift }) {
  const revoke = useRevokeGift();
  const { label, tone } = STATES[gift.state];
  return (
    <Row>
      <Td className="text-muted">
        <TimeAgo iso={gift.createdAt} />
      </Td>
      <Td className="text-right">
        <Money usd={gift.amount} />
      </Td>
      <Td className="hidden max-w-0 truncate sm:table-cell sm:w-full">{gift.message}</Td>
      <Td>
        <span title={gift.reason ?? undefined}>
          <Badge tone={tone}>{label}</Badge>
        </span>
      </Td>
      <Td className="text-right">
        {gift.state === "active" && (
          <Button variant="danger" size="sm" pending={revoke.isPending} onClick={() => revoke.mutate(gift.id)}>
            Revoke
          </Button>
        )}
        {revoke.error && (
          <p role="alert" className="mt-1 text-xs text-bad">
            {describeError(revoke.error)}
          </p>
        )}
      </Td>
    </Row>
  );
}
