import { formatUsd, type NanoUsd, nanoUsd } from "@infr/money";
import Pdf from "pdfkit";
import type { Movements, Statement } from "./statement.ts";

const MARGIN = 56;
const WIDTH = 595.28 - 2 * MARGIN;
const BOTTOM = 841.89 - MARGIN;
const ROW = 17;
const GREY = "#667085";
const LINE = "#d0d5dd";
/** What is more is in the other formats: a page is for reading. */
const MAX_ROWS = 200;

const MOVEMENT_NAMES: Record<keyof Movements, string> = {
  deposits: "Deposits",
  transfersIn: "Transfers in",
  transfersOut: "Transfers out",
  converted: "Earnings turned into credit",
  exited: "Taken out of the contract",
  granted: "Credit from the platform",
  expired: "Expired credit",
  usage: "Usage",
  writtenOff: "Overdrafts written off",
  other: "Other",
};

type Row = { label: string; detail?: string; amount: NanoUsd };

/** A statement and invoice to print, A4. The same statement gives the same bytes. */
export async function statementPdf(statement: Statement, issuer: string): Promise<Buffer> {
  const { issuedAt, number } = statement;
  const document = new Pdf({
    size: "A4",
    margin: MARGIN,
    info: { Title: `Statement ${number}`, Author: "infr", CreationDate: issuedAt, ModDate: issuedAt },
  });
  const chunks: Buffer[] = [];
  document.on("data", (chunk: Buffer) => chunks.push(chunk));
  const finished = new Promise<void>((resolve, reject) => document.on("end", resolve).on("error", reject));
  writeHead(document, statement, issuer);
  writeTable(document, "Balance", balanceRows(statement));
  writeTable(document, "Invoice: usage by model", [
    ...groupRows(statement.usage.byModel),
    { label: "Total usage", amount: statement.usage.cost },
    { label: "of which paid by the platform", amount: statement.usage.platformPaid },
  ]);
  writeTable(document, "Usage by key", groupRows(statement.usage.byKey));
  writeTable(document, "Entries", entryRows(statement));
  const { opening, earned, paidOut, converted, closing } = statement.earnings;
  if ([opening, earned, paidOut, converted, closing].some((amount) => amount !== 0n)) {
    writeTable(document, "Earnings", [
      { label: "Opening", amount: opening },
      { label: "Earned", amount: earned },
      { label: "Paid out", amount: paidOut },
      { label: "Turned into credit", amount: converted },
      { label: "Closing", amount: closing },
    ]);
  }
  writeNote(document, statement);
  document.end();
  await finished;
  return Buffer.concat(chunks);
}

type Document = InstanceType<typeof Pdf>;

function writeHead(document: Document, statement: Statement, issuer: string): void {
  const { number, month, owner, account, issuedAt, closed } = statement;
  document.font("Helvetica-Bold").fontSize(20).text(`Statement and invoice, ${month}`);
  document.moveDown(0.4).font("Helvetica").fontSize(9).fillColor(GREY);
  document.text(`Number ${number}`);
  document.text(`Account ${account}, owner ${owner}`);
  document.text(`Issued by infr, ${latin(issuer)}, on ${issuedAt.toISOString().slice(0, 10)}`);
  if (!closed) document.text("The month is not over: this is what there is so far.");
  document.fillColor("black");
}

function balanceRows({ opening, movements, closing }: Statement): Row[] {
  const moved = Object.entries(movements) as Array<[keyof Movements, NanoUsd]>;
  return [
    { label: "Opening balance", amount: opening },
    ...moved
      .filter(([, amount]) => amount !== 0n)
      .map(([name, amount]): Row => ({ label: MOVEMENT_NAMES[name], amount })),
    { label: "Closing balance", amount: closing },
  ];
}

const groupRows = (groups: Statement["usage"]["byModel"]): Row[] =>
  groups.map(({ id, name, requests, cost }) => ({
    label: name ?? id ?? "without a key",
    detail: `${requests.toLocaleString("en-US")} ${requests === 1 ? "request" : "requests"}`,
    amount: cost,
  }));

function entryRows({ entries }: Statement): Row[] {
  const rows = entries.slice(0, MAX_ROWS).map(
    ({ time, kind, amount }): Row => ({
      label: kind.replace("_", " "),
      detail: time.toISOString().slice(0, 16).replace("T", " "),
      amount,
    }),
  );
  const rest = entries.slice(MAX_ROWS);
  const amount = nanoUsd(rest.reduce((total, entry) => total + entry.amount, 0n));
  return rest.length === 0 ? rows : [...rows, { label: `${rest.length} more entries`, amount }];
}

function writeTable(document: Document, title: string, rows: Row[]): void {
  if (rows.length === 0) return;
  document.x = MARGIN;
  if (document.y > BOTTOM - 4 * ROW) document.addPage();
  document.moveDown(1.2).font("Helvetica-Bold").fontSize(11).text(title).moveDown(0.3);
  document.font("Helvetica").fontSize(9);
  for (const { label, detail = "", amount } of rows) {
    if (document.y > BOTTOM - ROW) document.addPage();
    const { y } = document;
    document.text(latin(label), MARGIN, y, { width: WIDTH * 0.5, height: ROW, ellipsis: true, lineBreak: false });
    document.fillColor(GREY).text(detail, MARGIN + WIDTH * 0.5, y, { width: WIDTH * 0.25, lineBreak: false });
    document.fillColor("black").text(dollars(amount), MARGIN, y, { width: WIDTH, align: "right", lineBreak: false });
    document
      .moveTo(MARGIN, y + ROW - 4)
      .lineTo(MARGIN + WIDTH, y + ROW - 4)
      .strokeColor(LINE)
      .lineWidth(0.5)
      .stroke();
    document.x = MARGIN;
    document.y = y + ROW;
  }
}

function writeNote(document: Document, { settled }: Statement): void {
  const text =
    `${settled.batches} batches were settled on the chain for this account. Amounts are exact US dollars. The JSON form of this ` +
    "statement has every charge; infr reprice works it out again, infr verify checks a charge against the chain.";
  if (document.y > BOTTOM - 4 * ROW) document.addPage();
  document.moveDown(1.5).fontSize(8).fillColor(GREY).text(text, MARGIN, document.y, { width: WIDTH });
}

const dollars = (amount: NanoUsd): string =>
  amount < 0n ? `-$${formatUsd(nanoUsd(-amount))}` : `$${formatUsd(amount)}`;

/** The built-in fonts have Latin letters only. */
const latin = (text: string): string => text.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, "?");
