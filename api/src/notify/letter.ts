/** What a mail says, without how it looks. */
export type Letter = {
  subject: string;
  paragraphs: string[];
  /** Shown large, alone in its line, to be copied. */
  code?: string;
  /** A page to go to: a path of the web app. */
  action?: { label: string; path: string };
};

export type Footer = { publicUrl: URL; unsubscribeUrl: string | null };

/** A letter as plain text. */
export function writeText({ paragraphs, code, action }: Letter, { publicUrl, unsubscribeUrl }: Footer): string {
  return [
    ...paragraphs,
    ...(code === undefined ? [] : [code]),
    ...(action === undefined ? [] : [`${action.label}: ${new URL(action.path, publicUrl).href}`]),
    `--\n${publicUrl.host}${unsubscribeUrl === null ? "" : `\nNo more mails of this kind: ${unsubscribeUrl}`}`,
  ].join("\n\n");
}

/** The same as HTML that needs nothing from elsewhere: no pictures, no styles that a mail program would drop. */
export function writeHtml(
  { subject, paragraphs, code, action }: Letter,
  { publicUrl, unsubscribeUrl }: Footer,
): string {
  const parts = paragraphs.map((text) => `<p style="margin:0 0 16px">${escapeHtml(text)}</p>`);
  if (code !== undefined) {
    parts.push(`<p style="margin:0 0 16px;font:28px monospace;letter-spacing:2px">${escapeHtml(code)}</p>`);
  }
  if (action !== undefined) {
    const url = escapeHtml(new URL(action.path, publicUrl).href);
    parts.push(`<p style="margin:0 0 16px"><a href="${url}">${escapeHtml(action.label)}</a></p>`);
  }
  const stop =
    unsubscribeUrl === null ? "" : ` · <a href="${escapeHtml(unsubscribeUrl)}">No more mails of this kind</a>`;
  parts.push(`<p style="margin:24px 0 0;font-size:13px;color:#666">${escapeHtml(publicUrl.host)}${stop}</p>`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head><body style="font:16px/1.5 sans-serif;max-width:560px;margin:24px auto;padding:0 16px">${parts.join("")}</body></html>`;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for HTML: names and messages are written by users. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
