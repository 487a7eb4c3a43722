import { Tabs } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import { CodeLine } from "../../components/code-line.tsx";
import { Card, CardHeader } from "../../components/ui/card.tsx";
import { useAppConfig } from "../../lib/app-config.ts";
import { useNewKey } from "../../lib/new-key.ts";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { SNIPPETS } from "./snippets.ts";

const PLACEHOLDER = "$INFR_API_KEY";

interface QuickstartProps {
  model: string;
  /** Where no other button on the page makes a key. */
  offersKey?: boolean;
}

/** A call that works when pasted: the user's base URL, and the key if it was made in this page. */
export function Quickstart({ model, offersKey = false }: QuickstartProps) {
  const { origin } = useAppConfig();
  const created = useNewKey();
  const baseUrl = `${origin}/v1`;
  const example = { baseUrl, key: created?.key ?? PLACEHOLDER, model };

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
        <Tabs.Root defaultValue="curl">
          <Tabs.List aria-label="Language" className="mb-3 flex gap-1">
            {SNIPPETS.map(({ language }) => (
              <Tabs.Tab
                key={language}
                value={language}
                className="rounded-lg px-3 py-1.5 text-sm text-muted hover:text-ink data-active:bg-sunken data-active:font-medium data-active:text-ink"
              >
                {language}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {SNIPPETS.map(({ language, write }) => (
            <Tabs.Panel key={language} value={language}>
              <CodeLine label={language} text={write(example)} />
            </Tabs.Panel>
          ))}
        </Tabs.Root>
      </div>
    </Card>
  );
}

const Code = ({ children }: { children: ReactNode }) => (
  <code className="font-mono text-[13px] wrap-anywhere text-ink">{children}</code>
);
