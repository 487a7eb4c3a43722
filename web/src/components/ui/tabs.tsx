import { Tabs as BaseTabs } from "@base-ui/react/tabs";
import { type ReactNode, useState } from "react";

export interface Tab {
  name: string;
  label: string;
  panel: ReactNode;
}

interface TabsProps {
  label: string;
  tabs: Tab[];
  /** The name of the one that is shown first; else the first. */
  initial?: string | undefined;
}

/** Alternatives of which one is shown. */
export function Tabs({ label, tabs, initial }: TabsProps) {
  const [name, setName] = useState(tabs.find((tab) => tab.name === initial)?.name ?? tabs[0]?.name);
  return (
    <BaseTabs.Root value={name} onValueChange={(next: string) => setName(next)} className="min-w-0">
      <BaseTabs.List
        aria-label={label}
        className="mb-3 flex w-fit max-w-full gap-1 overflow-x-auto rounded-lg bg-sunken p-1"
      >
        {tabs.map((tab) => (
          <BaseTabs.Tab
            key={tab.name}
            value={tab.name}
            className="cursor-pointer rounded-md px-3 py-1.5 text-sm font-medium whitespace-nowrap text-muted outline-offset-2 hover:text-ink data-active:bg-surface data-active:text-ink data-active:shadow-card"
          >
            {tab.label}
          </BaseTabs.Tab>
        ))}
      </BaseTabs.List>
      {tabs.map((tab) => (
        <BaseTabs.Panel key={tab.name} value={tab.name} className="min-w-0 outline-offset-4">
          {tab.panel}
        </BaseTabs.Panel>
      ))}
    </BaseTabs.Root>
  );
}
