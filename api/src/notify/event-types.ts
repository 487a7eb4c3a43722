/**
 * What an account's endpoints are told, and with which data: JSON, dollars as exact decimal strings. Whoever has another
 * event adds it here; a type, once out, keeps its fields.
 */
export type EventData = {
  /** What is left has fallen below a threshold, or to nothing (threshold "0"). */
  "balance.low": { balance: string; threshold: string };
  /** USDC of a deposit is in the contract; what repaid an overdraft is not credit. It may still be reversed. */
  "deposit.credited": {
    depositId: string;
    amount: string;
    debtRepaid: string;
    rail: string;
    payer: string;
    transactionHash: string;
  };
  /** The block of a deposit was reorganised away. The same deposit in another block is another one. */
  "deposit.reversed": { depositId: string; transactionHash: string };
  /** Asked for by the owner, to see that his endpoint works. */
  "webhook.test": { message: string };
};

export type EventType = keyof EventData;

const descriptions: Record<EventType, string> = {
  "balance.low": "credit has fallen below a threshold",
  "deposit.credited": "a deposit is credited",
  "deposit.reversed": "a deposit's block was reorganised away",
  "webhook.test": "a test that its owner asked for",
};

export const EVENT_TYPES = Object.keys(descriptions) as EventType[];
export const EVENT_WORDS = EVENT_TYPES.map((type) => `${type}: ${descriptions[type]}`).join("; ");
