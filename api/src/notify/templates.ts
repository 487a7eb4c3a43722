import type { Letter } from "./letter.ts";

/**
 * What a mail is about, for those who want none of it:
 * - security: sign-in and what changes it; always sent
 * - balance: credit runs low
 * - credit: credit that came, went, or waits to be claimed
 * - billing: payments, receipts, refunds
 * - developer: webhooks and keys
 * - team: invitations, and what changes for somebody in a team
 */
export const KINDS = ["security", "balance", "credit", "billing", "developer", "team"] as const;
export type Kind = (typeof KINDS)[number];

type Template<Data> = { kind: Kind; write: (data: Data) => Letter };

const template = <Data>(kind: Kind, write: (data: Data) => Letter): Template<Data> => ({ kind, write });

/** What somebody wrote, as his words and not ours. */
const said = (note: string): string[] => (note === "" ? [] : [`With these words: “${note}”`]);

/** Every mail that is sent. Whoever needs another adds it here; what it is filled with has to be JSON. */
export const TEMPLATES = {
  sign_in_code: template("security", ({ code }: { code: string }) => ({
    subject: "Your sign-in code",
    paragraphs: [
      "Enter this code where you asked for it. It counts for ten minutes, once.",
      "Nobody of us ever asks for it. If it was not you who asked, do nothing: without the code nobody gets in.",
    ],
    code,
  })),

  link_code: template("security", ({ code }: { code: string }) => ({
    subject: "Confirm this e-mail address",
    paragraphs: [
      "Somebody who is signed in wants to sign in by this address too, from now on. If it was you, enter this code. It counts for ten minutes, once.",
      "If it was not you, do nothing, and tell nobody the code: whoever has it could share this address with you.",
    ],
    code,
  })),

  balance_low: template("balance", ({ balance, threshold }: { balance: string; threshold: string }) => ({
    subject: threshold === "0" ? "Your credit is used up" : `Less than $${threshold} of credit is left`,
    paragraphs: [
      threshold === "0"
        ? "Your credit is used up: requests are refused with HTTP 402 until there is some again."
        : `Your credit has fallen to $${balance}. When nothing is left, requests are refused with HTTP 402.`,
      "You are told once each time it falls, and again only after it was higher.",
    ],
    action: { label: "Add credit", path: "/deposit" },
  })),

  transfer_received: template("credit", ({ amount, from, note }: { amount: string; from: string; note: string }) => ({
    subject: `You have got $${amount} of credit`,
    paragraphs: [`${from} has sent you $${amount}. You can spend it now.`, ...said(note)],
    action: { label: "Look at your transfers", path: "/transfer" },
  })),

  transfer_sent: template("credit", ({ amount, to }: { amount: string; to: string }) => ({
    subject: `Your $${amount} have arrived`,
    paragraphs: [
      `What you have sent to ${to}, $${amount}, has arrived.`,
      "If it was not you who sent it, write to us.",
    ],
    action: { label: "Look at your transfers", path: "/transfer" },
  })),

  credit_waiting: template(
    "credit",
    ({ amount, from, note, id, until }: { amount: string; from: string; note: string; id: string; until: string }) => ({
      subject: `$${amount} of credit wait for you`,
      paragraphs: [
        `${from} has sent $${amount} of credit for AI models to this e-mail address.`,
        ...said(note),
        `Sign in by this address to have it, until ${until}: then it goes back. Nobody else can take it, also not with this link.`,
      ],
      action: { label: "Get it", path: `/claim/${id}` },
    }),
  ),

  transfer_returned: template("credit", ({ amount, to }: { amount: string; to: string }) => ({
    subject: `Your $${amount} came back`,
    paragraphs: [`What you have sent to ${to}, $${amount}, was not claimed. It is your credit again.`],
    action: { label: "Look at your transfers", path: "/transfer" },
  })),

  standing_order_to_sign: template("credit", ({ amount, to }: { amount: string; to: string }) => ({
    subject: `Sign your standing order of $${amount}`,
    paragraphs: [
      `Your standing order of $${amount} to ${to} is due. Your wallet has to sign it; unsigned, it ends after a day and nothing is sent.`,
    ],
    action: { label: "Sign it", path: "/transfer" },
  })),

  standing_order_failed: template(
    "credit",
    ({ amount, to, reason }: { amount: string; to: string; reason: string }) => ({
      subject: `Your standing order of $${amount} was not carried out`,
      paragraphs: [
        `$${amount} to ${to} were not sent: ${reason}`,
        "It is tried again the next time that it is due. You are told once, until it has worked again.",
      ],
      action: { label: "Look at your standing orders", path: "/transfer" },
    }),
  ),

  webhook_disabled: template(
    "developer",
    ({ url, why, days }: { url: string; why: "gone" | "failing"; days: number }) => ({
      subject: "A webhook endpoint was disabled",
      paragraphs: [
        why === "gone"
          ? `Your endpoint at ${url} answered 410 Gone, so nothing more is sent there.`
          : `Nothing could be delivered to your endpoint at ${url} for ${days} days, so nothing more is sent there.`,
        "Mend it, enable it, and have what was missed sent again.",
      ],
      action: { label: "Look at your webhooks", path: "/settings" },
    }),
  ),

  team_invitation: template("team", ({ team, role, path }: { team: string; role: string; path: string }) => ({
    subject: `You are invited to the team “${team}”`,
    paragraphs: [
      `Somebody has invited you to the team “${team}” as ${role}. Its people share one balance of inference credit.`,
      "Sign in with this e-mail address and accept, within seven days. If you know nothing of it, do nothing.",
    ],
    action: { label: "Look at the invitation", path },
  })),

  team_offered: template("team", ({ team }: { team: string }) => ({
    subject: `The team “${team}” is offered to you`,
    paragraphs: [
      `Its owner wants to hand the team “${team}” over to you. If you accept, within seven days, you are its owner, and he becomes an admin.`,
    ],
    action: { label: "Look at the team", path: "/team" },
  })),

  team_left: template("team", ({ team }: { team: string }) => ({
    subject: `You no longer belong to the team “${team}”`,
    paragraphs: [
      `An admin has taken you out of the team “${team}”. The API keys that you made for it have ended. Your own account is as it was.`,
    ],
  })),

  recharge_off: template("billing", ({ reason, by }: { reason: string; by: "card" | "usdc" }) => ({
    subject: "Recharging was turned off",
    paragraphs: [
      by === "card"
        ? `Your card could not be charged, so it is not tried again: ${reason}`
        : `Your credit could not be recharged from your wallet's USDC, so it is not tried again: ${reason}`,
      "Nothing was charged. Your credit runs out unless you add some or turn recharging on again.",
    ],
    action: { label: "Add credit", path: "/deposit" },
  })),

  way_in_changed: template(
    "security",
    ({ what, address, how }: { what: "wallet" | "e-mail address"; address: string; how: "added" | "removed" }) => ({
      subject: how === "added" ? `A new way to sign in: ${what}` : `A way to sign in was removed: ${what}`,
      paragraphs: [
        how === "added"
          ? `From now on you can also sign in by the ${what} ${address}.`
          : `The ${what} ${address} no longer leads to your account. Sessions on other devices were ended.`,
        "If it was not you, sign in at once, remove what you do not know, and revoke your API keys.",
      ],
      action: { label: "Look at how you sign in", path: "/settings" },
    }),
  ),

  account_taken_over: template("security", ({ wallet, until }: { wallet: string; until: string | null }) => ({
    subject: until === null ? "A wallet owns your account now" : "Your account is being handed over to a wallet",
    paragraphs:
      until === null
        ? [
            `From now on only the wallet ${wallet} can sign for your credit: the platform can't any more, nor replace it.`,
          ]
        : [
            `The wallet ${wallet} has signed to own your account from ${until} on. After that only it can sign for your credit.`,
            "If it was not you, cancel it before then in your settings, or write to support, who can freeze the account. Then unlink what you do not know, and revoke your API keys.",
          ],
    action: { label: until === null ? "Look at your account" : "See it, or cancel it", path: "/settings" },
  })),
};

export type TemplateName = keyof typeof TEMPLATES;
export type DataOf<Name extends TemplateName> = Parameters<(typeof TEMPLATES)[Name]["write"]>[0];
