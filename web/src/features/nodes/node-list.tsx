import { EmptyNote, QueryView } from "../../components/query-view.tsx";
import { TimeAgo } from "../../components/time-ago.tsx";
import { Badge } from "../../components/ui/badge.tsx";
import { Button } from "../../components/ui/button.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { Row, Table, Td, Th } from "../../components/ui/table.tsx";
import type { Node } from "../../lib/api.ts";
import { describeError } from "../../lib/errors.ts";
import { RegisterNodeDialog } from "./register-node-dialog.tsx";
import { useEnableNode, useNodes } from "./use-nodes.ts";

export function NodeList() {
  const nodes = useNodes();
  return (
    <Card aria-labelledby="nodes">
      <CardHeader
        id="nodes"
        title="Nodes"
        description="OpenAI-compatible servers that you run: vLLM, Ollama, llama.cpp."
        action={<RegisterNodeDialog />}
      />
      <QueryView
        query={nodes}
        name="nodes"
        loading={<Skeleton className="m-6 h-24" />}
        isEmpty={(data) => data.nodes.length === 0}
        empty={
          <EmptyNote title="No nodes yet">Register one, set your prices, and earn 80 % of what it serves.</EmptyNote>
        }
      >
        {(data) => (
          <Table aria-labelledby="nodes" className="mt-3">
            <thead>
              <tr>
                <Th>Node</Th>
                <Th className="hidden md:table-cell">Registered</Th>
                <Th>State</Th>
                <Th>
                  <span className="sr-only">Action</span>
                </Th>
              </tr>
            </thead>
            <tbody>
              {data.nodes.map((node) => (
                <NodeRow key={node.id} node={node} />
              ))}
            </tbody>
          </Table>
        )}
      </QueryView>
    </Card>
  );
}

function NodeRow({ node }: { node: Node }) {
  const enable = useEnableNode();
  return (
    <Row>
      <Td className="w-full max-w-0">
        <span className="block truncate font-medium">{node.name}</span>
        <span className="mt-0.5 block truncate text-xs text-muted" title={node.url}>
          {node.url}
        </span>
        {enable.error && (
          <span role="alert" className="mt-0.5 block text-xs text-bad">
            {describeError(enable.error)}
          </span>
        )}
      </Td>
      <Td className="hidden text-muted md:table-cell">
        <TimeAgo iso={node.createdAt} />
      </Td>
      <Td>
        <NodeState node={node} />
      </Td>
      <Td className="text-right">
        <Button
          variant="ghost"
          size="sm"
          aria-label={`${node.enabled ? "Pause" : "Go on with"} ${node.name}`}
          pending={enable.isPending}
          onClick={() => enable.mutate({ id: node.id, enabled: !node.enabled })}
        >
          {node.enabled ? "Pause" : "Go on"}
        </Button>
      </Td>
    </Row>
  );
}

function NodeState({ node: { enabled, live } }: { node: Node }) {
  if (!enabled) return <Badge>Paused</Badge>;
  return live ? <Badge tone="good">Live</Badge> : <Badge tone="bad">Not answering</Badge>;
}
