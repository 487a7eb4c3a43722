import { CopyButton } from "./copy-button.tsx";

/** A command or a key: one line to copy, wrapped only for the eye. */
export function CodeLine({ label, text }: { label: string; text: string }) {
  return (
    <figure className="overflow-hidden rounded-lg border bg-sunken">
      <figcaption className="flex items-center justify-between gap-3 border-b py-1.5 pr-1.5 pl-3.5 text-xs text-muted">
        {label}
        <CopyButton text={text} />
      </figcaption>
      <pre className="p-3.5 text-[13px] leading-relaxed wrap-anywhere whitespace-pre-wrap">
        <code className="font-mono">{text}</code>
      </pre>
    </figure>
  );
}
