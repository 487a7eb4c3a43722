import type { ReactNode } from "react";
import { CodeLine } from "../../components/code-line.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { useNewKey } from "../../lib/new-key.ts";
import { CreateKeyDialog } from "./create-key-dialog.tsx";

const PLACEHOLDER = "$INFR_API_KEY";

interface QuickstartProps {
  model: string;
  /** Where no other button on the page makes a key. */
  offersKey?: boolean;
}

/** One line that works when pasted: the user's base URL, and the key if it was made in this page. */
export function Quickstart({ model, offersKey = false }: QuickstartProps) {
  const { origin } = useAppConfig();
  const created = useNewKey();
  const baseUrl = `${origin}/v1`;
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Say hello" }] });
  const curl = `curl ${baseUrl}/chat/completions -H "Authorization: Bearer ${created?.key ?? PLACEHOLDER}" -H "Content-Type: application/json" -d '${body}'`;

  return (
    <Card aria-labelledby="quickstart">
      <CardHeader
        id="quickstart"
        title="Call it"
        description={
          <>
            Any OpenAI client works: set its base URL to <Code>{baseUrl}</Code>
            {!created && (
              <>
                {" "}
                and its key to one of yours in place of <Code>{PLACEHOLDER}</Code>
              </>
            )}
            .
          </>
        }
        action={offersKey && <CreateKeyDialog size="sm" />}
      />
      <div className="p-5 sm:p-6 sm:pt-4">
        <CodeLine label="curl" text={curl} />
      </div>
    </Card>
  );
}

const Code = ({ children }: { children: ReactNode }) => (
  <code className="font-mono text-[13px] wrap-anywhere text-ink">{children}</code>
);
