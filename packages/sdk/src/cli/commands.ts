import { repriceStatement } from "../verify/reprice-statement.ts";
import type { Verification } from "../verify/verification.ts";
import { checkSuccession, verifyAccountFile } from "../verify/verify-account.ts";
import { verifyReceiptFile } from "../verify/verify-receipt.ts";
import { verifyReservesFile, verifyReservesTotal } from "../verify/verify-reserves.ts";
import { ask } from "./ask.ts";
import { balance } from "./balance.ts";
import { fetchJson, fetchPages, readJson, save } from "./files.ts";
import { openChain, type Request, UsageError } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { redeem } from "./redeem.ts";
import { send } from "./send.ts";
import { standing } from "./standing.ts";

export interface Command {
  help: string;
  run: (request: Request) => Promise<Verification | Outcome>;
}

const CHAIN_OPTIONS = `  --rpc URL       the chain, asked directly (RPC_URL). Headers and logs are enough, no archive
  --escrow 0x…    the escrow that you trust (ESCROW_ADDRESS); on Base the project's own if left out`;
const API_OPTIONS = `  --api URL       where to get it from (INFR_API), with a management key in INFR_API_KEY
  --save FILE     keeps what was fetched
  --json          the result as JSON`;

/** By the word that runs it. */
export const COMMANDS: Record<string, Command> = {
  verify: {
    help: `infr verify <receipt.json | req_…> --rpc URL

Checks one charge against the chain alone: it is in the batch that was settled, in your account's part of it, and it is what
was metered at the prices that the receipt names. Nothing that the API says is believed.

${CHAIN_OPTIONS}
${API_OPTIONS}`,
    run: verify,
  },
  "verify-account": {
    help: `infr verify-account <file.json… | batch number> --rpc URL

Checks all your charges in a batch: each is priced right, none was added, none is missing, and together, with what was
carried in and out, they are what the contract debited. Several files are also checked to follow each other.

${CHAIN_OPTIONS}
${API_OPTIONS}`,
    run: verifyAccount,
  },
  "verify-reserves": {
    help: `infr verify-reserves <proof.json | day> [--rpc URL] [--root 0x…]

Checks that what you are owed was counted in when all that is owed was added up at the end of a day (2026-11-20, UTC). With
--rpc also that the total is what the contract owed at that block, and that the USDC was there: for that the RPC has to have
the block's state.

  --root 0x…      the day's root as others see it: the proof has to lead to the same
${CHAIN_OPTIONS}
${API_OPTIONS}`,
    run: verifyReserves,
  },
  reprice: {
    help: `infr reprice <statement.json | month>

Works a monthly statement (2026-11) out again, to the last nano-dollar: every charge from what was metered and its price
version, then usage by model and key, the movements, and the closing balance. A file needs no network.

${API_OPTIONS}`,
    run: reprice,
  },
  balance: {
    help: `infr balance

What your account can spend, how many days that lasts at the pace of the last seven, and what it is made of: with a management
key in INFR_API_KEY, or signed in with the wallet whose private key is in INFR_PRIVATE_KEY.

  --api URL       the API (INFR_API)
  --json          the result as JSON`,
    run: balance,
  },
  send: {
    help: `infr send <amount> <0x… | name | e-mail | acct_… | ask_…> [--memo TEXT] [--dry-run]

Sends paid credit to a wallet's account; to a name (alice, alice.eth, alice.base.eth; name:alice@host.example); to whoever signs in by an e-mail address, within 30 days; to an account; or pays a request for money. You sign it with the wallet that owns yours: put its private key
into INFR_PRIVATE_KEY. Ends when the recipient can spend it, or when it waits for him.

  --memo TEXT     a word to the recipient
  --dry-run       only says whether it would go through
  --key TEXT      of this transfer, your own: the same key never sends twice
  --escrow 0x…    sign for this escrow, whatever the API says
  --api URL       the API (INFR_API)
  --json          the result as JSON`,
    run: send,
  },
  request: {
    help: `infr request <amount> [--memo TEXT]

Asks for money: prints a link that somebody pays once, within 30 days. Whoever has it sees the amount, your words, and your first
e-mail address or your wallet. Sign in with the wallet whose private key is in INFR_PRIVATE_KEY.

  --memo TEXT     what it is for
  --api URL       the API (INFR_API)
  --json          the result as JSON`,
    run: ask,
  },
  standing: {
    help: `infr standing
infr standing new <amount> <0x… | name | e-mail | acct_…> --every day|week|month
infr standing pause|resume|end <standing_…>

Lists your standing orders; makes one; pauses it, lets it go on, or ends it for good. Sign in with the wallet whose private key
is in INFR_PRIVATE_KEY. Where a wallet owns the account, each transfer has to be signed with it on the transfer page of the web
app; a mail says when, if there is an address. Unsigned, it ends after a day. What falls into a pause is not made up for.

  --every TEXT    day, week or month
  --starts DAY    of the first one (2027-01-31, UTC, or with a time); at once if left out
  --ends DAY      none after this
  --memo TEXT     a word to the recipient, each time
  --key TEXT      of this order, your own: the same key never makes two
  --api URL       the API (INFR_API)
  --json          the result as JSON`,
    run: standing,
  },
  redeem: {
    help: `infr redeem <code> [--direct]

Redeems a gift code into your account: with a management key in INFR_API_KEY, or signed in with the wallet whose private key
is in INFR_PRIVATE_KEY. With --direct nothing but the contract is asked: that wallet's own account gets the credit, and it
pays the gas.

  --direct        past the API, for codes that are not for one person only
${CHAIN_OPTIONS}
  --api URL       the API (INFR_API)
  --json          the result as JSON`,
    run: redeem,
  },
};

async function verify(request: Request): Promise<Verification> {
  const word = only(request);
  const isId = /^req_[0-9a-z]+$/.test(word);
  const file = isId ? await fetchJson(request, `/api/receipts/${word}`) : await readJson(word);
  if (isId) await save(request, file);
  return verifyReceiptFile(file, await openChain(request));
}

async function verifyAccount(request: Request): Promise<Verification> {
  const files = await accountFiles(request);
  const batches = await openChain(request);
  const results: Verification[] = [];
  for (const file of files) results.push(await verifyAccountFile(file, batches));
  const checks = results.flatMap((result) => result.checks);
  if (files.length > 1) checks.push(checkSuccession(files));
  return { ok: checks.every(({ ok }) => ok), checks };
}

async function accountFiles(request: Request): Promise<unknown[]> {
  const [first] = request.words;
  if (first === undefined) throw new UsageError("Say what to check: a file, or the number of a batch.");
  if (!/^\d+$/.test(first)) return Promise.all(request.words.map(readJson));
  const lists = ["receipts", "prices"];
  const { nextCursor: _, ...file } = await fetchPages(request, {
    path: `/api/batches/${only(request)}/receipts`,
    lists,
  });
  await save(request, file);
  return [file];
}

async function verifyReserves(request: Request): Promise<Verification> {
  const word = only(request);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(word);
  const file = isDay ? await fetchJson(request, `/api/reserves/${word}/proof`) : await readJson(word);
  if (isDay) await save(request, file);
  const own = verifyReservesFile(file, request.root === undefined ? {} : { root: request.root });
  if (request.rpc === undefined) return own;
  const total = await verifyReservesTotal(file, await openChain(request));
  return { ok: own.ok && total.ok, checks: [...own.checks, ...total.checks] };
}

async function reprice(request: Request): Promise<Verification> {
  const word = only(request);
  const isMonth = /^\d{4}-\d{2}$/.test(word);
  const path = `/api/statements/${word}`;
  const file = isMonth ? await fetchPages(request, { path, lists: ["lines", "prices"] }) : await readJson(word);
  if (isMonth) await save(request, file);
  return repriceStatement(file);
}

/** The one thing that a command is about. @throws UsageError */
function only({ words }: Request): string {
  const [word, ...more] = words;
  if (word === undefined) throw new UsageError("Say what to check. --help shows how.");
  if (more.length > 0) throw new UsageError(`One at a time: ${more.join(", ")} is too much.`);
  return word;
}
