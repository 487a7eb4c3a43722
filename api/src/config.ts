import { parseUsd } from "@infr/money";
import envSchema from "env-schema";
import { type Static, Type } from "typebox";
import { Check } from "typebox/value";
import { parseGwei } from "viem";

const HEX_KEY = "^0x[0-9a-fA-F]{64}$";
const RATE = { minimum: 1, maximum: 1_000_000_000 };
const ADDRESS = "^0x[0-9a-fA-F]{40}$";

const MICRO_PER_USD = 1_000_000n;

/** Every variable that server and worker read; `.env.example` lists the same names and a test compares them. */
export const environmentSchema = Type.Object({
  DATABASE_URL: Type.String({ description: "PostgreSQL that holds the ledger, and the indexer's views." }),
  DATABASE_CONNECTIONS: Type.Integer({
    default: 10,
    minimum: 2,
    maximum: 200,
    description: "Connections that a process opens for what it reads; a server has two more for its ledger.",
  }),
  RPC_URL: Type.String({ description: "HTTP endpoint of a node of the chain." }),
  RPC_FALLBACK_URLS: Type.String({
    default: "",
    pattern: "^$|^https?://[^,\\s]+(,https?://[^,\\s]+)*$",
    description: "More endpoints, separated by commas: asked when the first is out of reach or lags.",
  }),
  RPC_TIMEOUT_MS: Type.Integer({
    default: 10_000,
    minimum: 100,
    description: "How long an endpoint may take for an answer.",
  }),
  CHAIN_ID: Type.Integer({ default: 8453, description: "8453 Base, 84532 Base Sepolia, 31337 local." }),
  ESCROW_ADDRESS: Type.String({ pattern: ADDRESS, description: "The CreditEscrow contract." }),
  USDC_ADDRESS: Type.String({ pattern: ADDRESS, description: "The USDC token that the escrow holds." }),
  ALLOWANCE_RECHARGE_ADDRESS: Type.String({
    default: "",
    pattern: `^$|${ADDRESS}`,
    description: "The AllowanceRecharge contract of that escrow. Without it nobody is recharged from USDC.",
  }),
  INDEXER_VIEWS_SCHEMA: Type.String({
    default: "indexer",
    pattern: "^[a-z_][a-z0-9_]{0,62}$",
    description: "Database schema with the indexer's views.",
  }),
  PUBLIC_URL: Type.String({
    default: "http://localhost:3000",
    description: "The one origin that users see: SIWE domain and links.",
  }),
  WEB_ROOT: Type.String({
    default: "",
    description: "Folder of the built web app (`pnpm build` writes web/dist). Empty: the server has no web app.",
  }),
  HOST: Type.String({ default: "127.0.0.1", description: "Address the server listens on." }),
  PORT: Type.Integer({ default: 4000, minimum: 0, maximum: 65535, description: "Port the server listens on." }),
  LOG_LEVEL: Type.String({ default: "info", description: "fatal, error, warn, info, debug, trace or silent." }),
  SETTLER_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that signs batches. Worker only.",
  }),
  SETTLER_KEYSTORE: Type.String({ default: "", description: "Or a keystore file (version 3) with that key." }),
  SETTLER_KEYSTORE_PASSWORD_FILE: Type.String({
    default: "",
    description: "A file with the password of SETTLER_KEYSTORE on its first line.",
  }),
  SETTLER_KMS_KEY_ID: Type.String({
    default: "",
    description: "Or a key of AWS KMS, spec ECC_SECG_P256K1; region, credentials and endpoint by AWS_ variables.",
  }),
  CLEARER_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that clears moves of credit. Worker only; one without it clears none.",
  }),
  CLEARER_KEYSTORE: Type.String({ default: "", description: "Or a keystore file (version 3) with the clearer's." }),
  CLEARER_KEYSTORE_PASSWORD_FILE: Type.String({
    default: "",
    description: "A file with the password of CLEARER_KEYSTORE on its first line.",
  }),
  CLEARER_KMS_KEY_ID: Type.String({ default: "", description: "Or a key of AWS KMS, as for the settler." }),
  COSIGNER_URL: Type.String({
    default: "",
    pattern: "^$|^https?://",
    description: "Where the co-signer listens, if the contract's settler is a SettlerWallet. Worker only.",
  }),
  COSIGNER_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that co-signs batches. Co-signer only, never beside SETTLER_KEY.",
  }),
  RELAYER_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that sends transactions and pays their gas. Worker only.",
  }),
  RELAYER_KEYSTORE: Type.String({ default: "", description: "Or a keystore file (version 3) with that one." }),
  RELAYER_KEYSTORE_PASSWORD_FILE: Type.String({
    default: "",
    description: "A file with the password of RELAYER_KEYSTORE on its first line.",
  }),
  RELAYER_KMS_KEY_ID: Type.String({ default: "", description: "Or a key of AWS KMS, as above." }),
  ATTRIBUTOR_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that credits plain transfers to the contract. Worker only; without one they wait.",
  }),
  ATTRIBUTOR_KEYSTORE: Type.String({ default: "", description: "Or a keystore file (version 3) with that one." }),
  ATTRIBUTOR_KEYSTORE_PASSWORD_FILE: Type.String({
    default: "",
    description: "A file with the password of ATTRIBUTOR_KEYSTORE on its first line.",
  }),
  ATTRIBUTOR_KMS_KEY_ID: Type.String({ default: "", description: "Or a key of AWS KMS, as above." }),
  UNSAFE_USD_PER_ACCOUNT: Type.Integer({
    default: 1_000,
    minimum: 0,
    description:
      "What an account may spend of deposits whose blocks may still be reorganised away; the rest when safe.",
  }),
  UNSAFE_USD_IN_ALL: Type.Integer({
    default: 100_000,
    minimum: 0,
    description: "The same, for all accounts together.",
  }),
  REVIEW_DEPOSIT_USD: Type.Integer({
    default: 10_000,
    minimum: 0,
    description: "A single deposit above this is marked for a person to look at: pnpm ledger reviews.",
  }),
  DEPOSIT_INTERVAL_MS: Type.Integer({
    default: 1_000,
    minimum: 50,
    description: "Pause between looks at deposit addresses and plain transfers.",
  }),
  RELAYER_ADDRESS: Type.String({
    default: "",
    pattern: `^$|${ADDRESS}`,
    description: "Address of the relayer, for servers that queue transactions without its key.",
  }),
  CUSTODIAN_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that signs for accounts whose users have no wallet. Worker only.",
  }),
  CUSTODIAN_KEYSTORE: Type.String({ default: "", description: "Or a keystore file (version 3) with the custodian's." }),
  CUSTODIAN_KEYSTORE_PASSWORD_FILE: Type.String({
    default: "",
    description: "A file with the password of CUSTODIAN_KEYSTORE on its first line.",
  }),
  CUSTODIAN_KMS_KEY_ID: Type.String({ default: "", description: "Or a key of AWS KMS, as those above." }),
  CUSTODIAN_ADDRESS: Type.String({
    default: "",
    pattern: `^$|${ADDRESS}`,
    description: "Address of the custodian, for servers. Without it nobody signs in by e-mail.",
  }),
  PLATFORM_KEY: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description: "Private key that owns account 1: card credit becomes account-paid with it. Worker only.",
  }),
  PLATFORM_KEYSTORE: Type.String({ default: "", description: "Or a keystore file (version 3) with that one." }),
  PLATFORM_KEYSTORE_PASSWORD_FILE: Type.String({
    default: "",
    description: "A file with the password of PLATFORM_KEYSTORE on its first line.",
  }),
  PLATFORM_KMS_KEY_ID: Type.String({ default: "", description: "Or a key of AWS KMS, as above." }),
  OFF_RAMP_ADDRESS: Type.String({
    default: "",
    pattern: `^$|${ADDRESS}`,
    description: "Where the platform receives USDC that it pays out to banks. Needs the two of Stripe.",
  }),
  STRIPE_SECRET_KEY: Type.String({
    default: "",
    description: "Of the Stripe account that takes cards and pays connected accounts.",
  }),
  STRIPE_CONNECT_WEBHOOK_SECRET: Type.String({
    default: "",
    description: "Of the webhook for events of connected accounts, at /api/webhooks/stripe-connect.",
  }),
  STRIPE_WEBHOOK_SECRET: Type.String({
    default: "",
    description: "Of the webhook for card payments, at /api/webhooks/stripe. With the key: cards are taken.",
  }),
  CARD_LEAST_USD: Type.String({
    default: "5",
    pattern: "^[1-9][0-9]{0,5}$",
    description: "Least that a card payment may be, in whole dollars.",
  }),
  CARD_USD_PER_DAY: Type.String({
    default: "2000",
    pattern: "^[1-9][0-9]{0,6}$",
    description: "Most that an account may pay by card in 24 hours, in whole dollars.",
  }),
  CARD_PAYMENTS_PER_DAY: Type.Integer({
    default: 20,
    minimum: 1,
    maximum: 10_000,
    description: "How often it may try to in 24 hours.",
  }),
  CARD_MOST_USD: Type.String({
    default: "500",
    pattern: "^[1-9][0-9]{0,5}$",
    description: "Most that a card payment may be, in whole dollars.",
  }),
  PLANS: Type.String({
    default: "[]",
    description:
      'Subscriptions, as JSON: [{"id":"plus","name":"Plus","stripePrice":"price_…","priceUsd":"20","creditUsd":"22"}].',
  }),
  STRIPE_API_URL: Type.String({
    default: "",
    pattern: "^$|^https?://",
    description: "Another place than Stripe's own to ask it.",
  }),
  ADMIN_WALLETS: Type.String({
    default: "",
    pattern: "^$|^0x[0-9a-fA-F]{40}(,0x[0-9a-fA-F]{40})*$",
    description: "Wallets of the platform's administrators, separated by commas: whoever signs in with one is one.",
  }),
  PAYMENT_PATIENCE_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    description: "How long a request that is paid by a wallet's signature (x402) waits for its payment to be booked.",
  }),
  STRIPE_ONRAMP_WEBHOOK_SECRET: Type.String({
    default: "",
    description: "Of the webhook for crypto onramp sessions, at /api/webhooks/onramps/stripe; offers that onramp.",
  }),
  COINBASE_KEY_ID: Type.String({
    default: "",
    description: "A secret API key of Coinbase's developer platform: its id.",
  }),
  COINBASE_KEY_SECRET: Type.String({ default: "", description: "That key: base64 (Ed25519) or PEM (EC)." }),
  COINBASE_WEBHOOK_SECRET: Type.String({
    default: "",
    description: "Of the webhook for onramp transactions, at /api/webhooks/onramps/coinbase.",
  }),
  COINBASE_API_URL: Type.String({
    default: "https://api.developer.coinbase.com",
    pattern: "^https?://",
    description: "Where Coinbase makes session tokens.",
  }),
  MOONPAY_API_KEY: Type.String({ default: "", description: "MoonPay's publishable key." }),
  MOONPAY_SECRET_KEY: Type.String({ default: "", description: "MoonPay's secret key: it signs URLs." }),
  MOONPAY_WEBHOOK_KEY: Type.String({
    default: "",
    description: "MoonPay's webhook key, for the webhook at /api/webhooks/onramps/moonpay.",
  }),
  PAYOUT_INTERVAL_MS: Type.Integer({
    default: 60_000,
    minimum: 100,
    description: "Pause between looks at payouts that wait.",
  }),
  RECONCILE_INTERVAL_MS: Type.Integer({
    default: 60_000,
    minimum: 500,
    description: "Pause between comparisons of the books with the contract.",
  }),
  ROUND_LIMIT_MS: Type.Integer({
    default: 120_000,
    minimum: 1_000,
    description:
      "Time after which a round of a worker's job is given up by ending the process; long ones have five times.",
  }),
  BATCH_INTERVAL_MS: Type.Integer({ default: 60_000, minimum: 100, description: "Pause between batches." }),
  BATCH_FULL_CAPTURES: Type.Integer({
    default: 100_000,
    minimum: 1,
    maximum: 1_000_000,
    description: "Unsettled captures at which a batch is built before that pause is over.",
  }),
  HEARTBEAT_SECONDS: Type.Integer({
    default: 86_400,
    minimum: 60,
    maximum: 604_800,
    description: "Time without a batch after which an empty one is settled: after 14 days credit could be withdrawn.",
  }),
  FLUSH_USD: Type.String({
    default: "0.2",
    pattern: "^[0-9]+(\\.[0-9]{1,9})?$",
    description: "Unsettled usage at which an account's line goes into the next batch.",
  }),
  FLUSH_AFTER_SECONDS: Type.Integer({
    default: 86_400,
    minimum: 0,
    description: "Age at which a smaller line goes too.",
  }),
  FEE_BUMP_AFTER_MS: Type.Integer({
    default: 15_000,
    minimum: 100,
    description: "Age at which an unmined transaction is sent again with higher fees.",
  }),
  MAX_FEE_GWEI: Type.String({
    default: "5",
    pattern: "^[0-9]+(\\.[0-9]{1,9})?$",
    description: "Most that is paid for a unit of gas; while the chain asks for more, transactions wait.",
  }),
  MAX_PRICE_PER_MILLION_USD: Type.String({
    default: "100",
    pattern: "^[0-9]+(\\.[0-9]{1,3})?$",
    description: "Highest price that a node may ask for a million tokens.",
  }),
  MAX_PRICE_TIER_MULTIPLE: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 1_000_000,
    description: "How many times the default price of a model's size a node may ask.",
  }),
  MAX_UNIT_PRICE_USD: Type.String({
    default: "10",
    pattern: "^[0-9]+(\\.[0-9]{1,9})?$",
    description: "Highest price that a node may ask for a unit of a resource, such as a GPU second.",
  }),
  CANARY_INTERVAL_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    description: "Pause between two requests for one token that a node gets from the platform, to see that it lives.",
  }),
  ALLOW_PRIVATE_NODES: Type.Boolean({
    default: false,
    description: "Accept http and private addresses as URLs of nodes, webhooks and browsers. For development.",
  }),
  REQUESTS_PER_MINUTE_PER_KEY: Type.Integer({
    default: 6_000,
    ...RATE,
    description: "What a key may ask under /v1, in each server process, unless it has a rate of its own.",
  }),
  REQUESTS_PER_MINUTE_PER_ADDRESS: Type.Integer({
    default: 1_200,
    ...RATE,
    description: "What an address may ask elsewhere, in each server process.",
  }),
  SIGN_INS_PER_MINUTE_PER_ADDRESS: Type.Integer({
    default: 30,
    ...RATE,
    description: "What an address may ask of sign-in, in each server process.",
  }),
  EMAIL_CODES_PER_HOUR_PER_EMAIL: Type.Integer({
    default: 10,
    ...RATE,
    description: "Codes that are sent to one e-mail address, by all processes together.",
  }),
  EMAIL_CODES_PER_HOUR_PER_ADDRESS: Type.Integer({
    default: 30,
    ...RATE,
    description: "Codes that one address may ask for.",
  }),
  EMAIL_CODES_PER_HOUR: Type.Integer({ default: 20_000, ...RATE, description: "Codes that are sent in all." }),
  WRONG_EMAIL_CODES_PER_HOUR_PER_ADDRESS: Type.Integer({
    default: 50,
    ...RATE,
    description: "Wrong codes that one address may send.",
  }),
  WRONG_EMAIL_CODES_PER_HOUR: Type.Integer({
    default: 20_000,
    ...RATE,
    description: "Wrong codes in all: with eight digits, one in 5,000 that any of them is guessed in an hour.",
  }),
  FAILED_KEYS_PER_MINUTE_PER_ADDRESS: Type.Integer({
    default: 60,
    ...RATE,
    description: "Invalid keys that an address may send, in each server process.",
  }),
  SMTP_URL: Type.String({
    default: "",
    pattern: "^$|^smtps?://",
    description:
      "Mail server, as in smtp://user:password@host:587?requireTLS=true. Without it mails wait. Worker only.",
  }),
  MAIL_FROM: Type.String({
    default: "infr <no-reply@localhost>",
    pattern: "^[^\\r\\n]*@[^\\r\\n]*$",
    description: "Who mails are from.",
  }),
  LOW_BALANCE_USD: Type.String({
    default: "5,1,0",
    pattern: "^$|^[0-9]{1,9}(\\.[0-9]{1,9})?(,[0-9]{1,9}(\\.[0-9]{1,9})?){0,9}$",
    description: "Below how much credit owners are warned, once each time it falls; 0 is when nothing is left.",
  }),
  LOW_BALANCE_PUSH_USD: Type.String({
    default: "1",
    pattern: "^[0-9]{1,9}(\\.[0-9]{1,9})?$",
    description: "From which of these on they are warned by a desktop notification too.",
  }),
  VAPID_PUBLIC_KEY: Type.String({
    default: "",
    pattern: "^$|^[A-Za-z0-9_-]{87}$",
    description: "Key towards push services, as `npx web-push generate-vapid-keys` makes it. Without it, no web push.",
  }),
  VAPID_PRIVATE_KEY: Type.String({
    default: "",
    pattern: "^$|^[A-Za-z0-9_-]{43}$",
    description: "The private key to it. Worker only.",
  }),
  VAPID_SUBJECT: Type.String({
    default: "",
    pattern: "^$|^(mailto:|https://)",
    description: "Whom push services can ask: mailto: or https:. Worker only.",
  }),
  WRONG_CODES_PER_HOUR_PER_ADDRESS: Type.Integer({
    default: 60,
    ...RATE,
    description: "Gift codes from an address that can't be redeemed, in each server process.",
  }),
  WRONG_CODES_PER_HOUR_PER_ACCOUNT: Type.Integer({ default: 20, ...RATE, description: "The same by account." }),
  WRONG_CODES_PER_HOUR: Type.Integer({ default: 10_000, ...RATE, description: "The same in all." }),
  VOUCHER_SECRET: Type.String({
    default: "",
    pattern: `^$|${HEX_KEY}`,
    description:
      "32 random bytes that go into gift codes for one person, and into credit sent to e-mail addresses; servers and workers " +
      "need it. Without it there are none; another one voids those there are.",
  }),
  SHARING_USD_PER_DAY: Type.String({
    default: "1000",
    pattern: "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?$",
    description: "Credit that an account may give to others in a day (UTC).",
  }),
  MOVES_PER_DAY: Type.Integer({
    default: 200,
    minimum: 0,
    description: "How often an account may ask for that in 24 hours.",
  }),
  NEW_RECIPIENTS_USD_PER_DAY: Type.String({
    default: "250",
    pattern: "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?$",
    description: "Of that, what may go in 24 hours to recipients who got nothing from it before them.",
  }),
  OPENINGS_PER_DAY: Type.Integer({
    default: 20,
    minimum: 0,
    description: "Recipients of an account for whom the platform opens one in the contract, in 24 hours.",
  }),
  NEW_OPERATOR_DAYS: Type.Integer({
    default: 14,
    minimum: 0,
    maximum: 3_650,
    description: "How long an operator is of low standing, unless an administrator says otherwise.",
  }),
  CHARGEBACK_DAYS: Type.Integer({
    default: 120,
    minimum: 1,
    maximum: 1_000,
    description: "Age at which a card payment can't be disputed any more.",
  }),
  TAKE_OVER_HOURS: Type.Integer({
    default: 24,
    minimum: 0,
    maximum: 720,
    description: "How long handing an account over to its user's wallet can be cancelled after the wallet has signed.",
  }),
  SCREENING_URL: Type.String({
    default: "",
    pattern: "^$|^https?://",
    description: "Who screens wallets, as https://public.chainalysis.com. Without it and its key nobody does.",
  }),
  SCREENING_KEY: Type.String({ default: "", description: "The API key there." }),
  ENS_RPC_URL: Type.String({
    default: "",
    pattern: "^$|^https?://",
    description: "An endpoint of Ethereum, for names of ENS and basenames. Without it they are not looked up.",
  }),
  ENS_RESOLVER_ADDRESS: Type.String({
    default: "",
    pattern: `^$|${ADDRESS}`,
    description: "Another universal resolver of ENS than Ethereum's own. For tests.",
  }),
  PHONE_DIRECTORY_URL: Type.String({
    default: "",
    pattern: "^$|^https?://",
    description:
      "A directory that knows wallets by telephone number: api/src/names. Without it and its key there is none.",
  }),
  PHONE_DIRECTORY_KEY: Type.String({ default: "", description: "The API key there." }),
  REFERRAL_DAYS: Type.Integer({
    default: 30,
    minimum: 1,
    maximum: 365,
    description: "How long after somebody followed a referrer's link his sign-up still counts as brought by it.",
  }),
  DEV: Type.Boolean({
    default: false,
    description: "Offer the web app's dev wallet and test USDC. Never in production.",
  }),
});

/** Where a key is kept. */
export type KeySource =
  | { kind: "key"; privateKey: Hex }
  | { kind: "keystore"; file: string; passwordFile: string }
  | { kind: "kms"; keyId: string };

type Environment = Static<typeof environmentSchema>;
type Hex = `0x${string}`;

/** What server and worker are configured with. */
export type Config = ReturnType<typeof readConfig>;

/** Reads and checks the environment: the only place that knows variable names. Throws with the name of a bad one. */
export function readConfig(environment: NodeJS.ProcessEnv) {
  const env = envSchema<Environment>({ schema: environmentSchema, data: environment, dotenv: false, env: false });
  return {
    databaseUrl: env.DATABASE_URL,
    databaseConnections: env.DATABASE_CONNECTIONS,
    rpcUrl: env.RPC_URL,
    rpcFallbackUrls: env.RPC_FALLBACK_URLS === "" ? [] : env.RPC_FALLBACK_URLS.split(","),
    rpcTimeoutMs: env.RPC_TIMEOUT_MS,
    chainId: env.CHAIN_ID,
    escrow: env.ESCROW_ADDRESS.toLowerCase() as Hex,
    usdc: env.USDC_ADDRESS.toLowerCase() as Hex,
    allowanceRecharge: optional(env.ALLOWANCE_RECHARGE_ADDRESS.toLowerCase()),
    viewsSchema: env.INDEXER_VIEWS_SCHEMA,
    publicUrl: new URL(env.PUBLIC_URL),
    webRoot: env.WEB_ROOT === "" ? null : env.WEB_ROOT,
    host: env.HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    ...readKeys(env),
    ...readDeposits(env),
    relayerAddress: optional(env.RELAYER_ADDRESS.toLowerCase()),
    offRampAddress: optional(env.OFF_RAMP_ADDRESS.toLowerCase()),
    stripe: readStripe(env, env.STRIPE_CONNECT_WEBHOOK_SECRET),
    cards: readCards(env),
    adminWallets: env.ADMIN_WALLETS === "" ? [] : env.ADMIN_WALLETS.toLowerCase().split(","),
    payoutIntervalMs: env.PAYOUT_INTERVAL_MS,
    reconcileIntervalMs: env.RECONCILE_INTERVAL_MS,
    roundLimitMs: env.ROUND_LIMIT_MS,
    batchIntervalMs: env.BATCH_INTERVAL_MS,
    batchFullCaptures: env.BATCH_FULL_CAPTURES,
    heartbeatSeconds: env.HEARTBEAT_SECONDS,
    flushUsd: env.FLUSH_USD,
    flushAfterSeconds: env.FLUSH_AFTER_SECONDS,
    feeBumpAfterMs: env.FEE_BUMP_AFTER_MS,
    maxFeePerGas: parseGwei(env.MAX_FEE_GWEI),
    maxPricePerMillionUsd: env.MAX_PRICE_PER_MILLION_USD,
    maxPriceTierMultiple: env.MAX_PRICE_TIER_MULTIPLE,
    maxUnitPriceUsd: env.MAX_UNIT_PRICE_USD,
    canaryIntervalMs: env.CANARY_INTERVAL_MS,
    allowPrivateNodes: env.ALLOW_PRIVATE_NODES,
    dev: env.DEV,
    smtpUrl: env.SMTP_URL,
    mailFrom: env.MAIL_FROM,
    /** Below how much owners are warned, and from where on by a desktop notification too. */
    warnings: {
      thresholds: env.LOW_BALANCE_USD.split(",").filter(Boolean).map(parseUsd),
      pushAt: parseUsd(env.LOW_BALANCE_PUSH_USD),
    },
    vapidPublicKey: env.VAPID_PUBLIC_KEY === "" ? null : env.VAPID_PUBLIC_KEY,
    vapid: readVapid(env),
    /** Codes by e-mail, in an hour, over all processes. */
    emailLimits: {
      codesPerEmail: env.EMAIL_CODES_PER_HOUR_PER_EMAIL,
      codesPerSource: env.EMAIL_CODES_PER_HOUR_PER_ADDRESS,
      codes: env.EMAIL_CODES_PER_HOUR,
      wrongCodesPerSource: env.WRONG_EMAIL_CODES_PER_HOUR_PER_ADDRESS,
      wrongCodes: env.WRONG_EMAIL_CODES_PER_HOUR,
    },
    voucherSecret: optional(env.VOUCHER_SECRET),
    sharing: readSharing(env),
    ...readRules(env),
    ...readNames(env),
    rates: readRates(env),
  };
}

/** Who is asked where names lead that nobody has chosen here. */
const readNames = (env: Environment) => ({
  ens: env.ENS_RPC_URL === "" ? null : { rpcUrl: env.ENS_RPC_URL, resolver: optional(env.ENS_RESOLVER_ADDRESS) },
  phoneDirectory:
    env.PHONE_DIRECTORY_URL === "" || env.PHONE_DIRECTORY_KEY === ""
      ? null
      : { url: new URL(env.PHONE_DIRECTORY_URL), key: env.PHONE_DIRECTORY_KEY },
});

/** Whom we deal with, and how far. */
const readRules = (env: Environment) => ({
  screening:
    env.SCREENING_URL === "" || env.SCREENING_KEY === ""
      ? null
      : { url: new URL(env.SCREENING_URL), key: env.SCREENING_KEY },
  referralDays: env.REFERRAL_DAYS,
  newOperatorDays: env.NEW_OPERATOR_DAYS,
  chargebackDays: env.CHARGEBACK_DAYS,
  takeOverHours: env.TAKE_OVER_HOURS,
});

/** Who signs what. */
const readKeys = (env: Environment) => ({
  settler: keySource(env, "SETTLER"),
  relayer: keySource(env, "RELAYER"),
  clearer: keySource(env, "CLEARER"),
  custodian: keySource(env, "CUSTODIAN"),
  /** Owns account 1 in the contract. */
  platform: keySource(env, "PLATFORM"),
  /** Owns, in the contract, the accounts of users without a wallet; null where there are none. */
  custodianAddress: optional(env.CUSTODIAN_ADDRESS.toLowerCase()),
  cosignerUrl: env.COSIGNER_URL,
  cosignerKey: optional(env.COSIGNER_KEY),
  attributor: keySource(env, "ATTRIBUTOR"),
});

const optional = (text: string): Hex | null => (text === "" ? null : (text as Hex));

/** Where a key is kept: in one of three places. @throws ConfigError with what to do */
function keySource(
  env: Environment,
  name: "SETTLER" | "RELAYER" | "CLEARER" | "CUSTODIAN" | "PLATFORM" | "ATTRIBUTOR",
): KeySource | null {
  const privateKey = optional(env[`${name}_KEY`]);
  const file = env[`${name}_KEYSTORE`];
  const passwordFile = env[`${name}_KEYSTORE_PASSWORD_FILE`];
  const keyId = env[`${name}_KMS_KEY_ID`];
  const places = [privateKey ?? "", file, keyId].filter((place) => place !== "");
  if (places.length > 1)
    throw new ConfigError(`Set one of ${name}_KEY, ${name}_KEYSTORE, ${name}_KMS_KEY_ID, not several.`);
  if ((file === "") !== (passwordFile === ""))
    throw new ConfigError(`Set both ${name}_KEYSTORE and ${name}_KEYSTORE_PASSWORD_FILE, or neither.`);
  if (privateKey !== null) return { kind: "key", privateKey };
  if (file !== "") return { kind: "keystore", file, passwordFile };
  return keyId === "" ? null : { kind: "kms", keyId };
}

const USD = "^(0|[1-9][0-9]{0,5})(\\.[0-9]{1,2})?$";
const plansSchema = Type.Array(
  Type.Object(
    {
      id: Type.String({ pattern: "^[a-z0-9][a-z0-9_]{0,31}$" }),
      name: Type.String({ minLength: 1, maxLength: 64 }),
      stripePrice: Type.String({ minLength: 1 }),
      priceUsd: Type.String({ pattern: USD }),
      creditUsd: Type.String({ pattern: USD }),
    },
    { additionalProperties: false },
  ),
);

/** @throws ConfigError with what is wrong */
function readPlans(text: string): Static<typeof plansSchema> {
  let plans: unknown;
  try {
    plans = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError("PLANS is not JSON.", { cause });
  }
  if (!Check(plansSchema, plans)) throw new ConfigError("PLANS is not a list of plans: see .env.example.");
  return plans;
}

/** Variables that don't go together; the message names them. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "config";
}

/** What push services are shown; null where nothing can be sent. @throws ConfigError */
function readVapid(env: Environment) {
  const [publicKey, privateKey, subject] = [env.VAPID_PUBLIC_KEY, env.VAPID_PRIVATE_KEY, env.VAPID_SUBJECT];
  if (privateKey === "") return null;
  if (publicKey === "" || subject === "")
    throw new ConfigError("VAPID_PRIVATE_KEY needs VAPID_PUBLIC_KEY and VAPID_SUBJECT beside it.");
  return { publicKey, privateKey, subject };
}

/** How money comes in. */
const readDeposits = (env: Environment) => ({
  /** µUSDC. */
  trust: {
    accountMicro: BigInt(env.UNSAFE_USD_PER_ACCOUNT) * MICRO_PER_USD,
    totalMicro: BigInt(env.UNSAFE_USD_IN_ALL) * MICRO_PER_USD,
    reviewMicro: BigInt(env.REVIEW_DEPOSIT_USD) * MICRO_PER_USD,
    screens: env.SCREENING_URL !== "" && env.SCREENING_KEY !== "",
  },
  depositIntervalMs: env.DEPOSIT_INTERVAL_MS,
  paymentPatienceMs: env.PAYMENT_PATIENCE_MS,
  onramps: readOnramps(env),
});

/** An onramp is offered where all that it needs is set. */
function readOnramps(env: Environment) {
  const isSet = (...values: string[]) => values.every((value) => value !== "");
  return {
    coinbase: isSet(env.COINBASE_KEY_ID, env.COINBASE_KEY_SECRET, env.COINBASE_WEBHOOK_SECRET)
      ? {
          keyId: env.COINBASE_KEY_ID,
          keySecret: env.COINBASE_KEY_SECRET,
          webhookSecret: env.COINBASE_WEBHOOK_SECRET,
          apiUrl: new URL(env.COINBASE_API_URL),
        }
      : null,
    moonpay: isSet(env.MOONPAY_API_KEY, env.MOONPAY_SECRET_KEY, env.MOONPAY_WEBHOOK_KEY)
      ? { apiKey: env.MOONPAY_API_KEY, secretKey: env.MOONPAY_SECRET_KEY, webhookKey: env.MOONPAY_WEBHOOK_KEY }
      : null,
    stripe: isSet(env.STRIPE_SECRET_KEY, env.STRIPE_ONRAMP_WEBHOOK_SECRET)
      ? {
          secretKey: env.STRIPE_SECRET_KEY,
          webhookSecret: env.STRIPE_ONRAMP_WEBHOOK_SECRET,
          ...(env.STRIPE_API_URL !== "" && { apiUrl: new URL(env.STRIPE_API_URL) }),
        }
      : null,
  };
}

/** What is taken by card, by whom, and what can be subscribed to. */
const readCards = (env: Environment) => ({
  stripe: readStripe(env, env.STRIPE_WEBHOOK_SECRET),
  leastUsd: env.CARD_LEAST_USD,
  mostUsd: env.CARD_MOST_USD,
  pace: { usdPerDay: env.CARD_USD_PER_DAY, paymentsPerDay: env.CARD_PAYMENTS_PER_DAY },
  plans: readPlans(env.PLANS),
});

function readStripe(env: Environment, webhookSecret: string) {
  if (env.STRIPE_SECRET_KEY === "" || webhookSecret === "") return null;
  return {
    secretKey: env.STRIPE_SECRET_KEY,
    webhookSecret,
    ...(env.STRIPE_API_URL !== "" && { apiUrl: new URL(env.STRIPE_API_URL) }),
  };
}

/** Requests in a minute. */
const readRates = (env: Environment) => ({
  key: env.REQUESTS_PER_MINUTE_PER_KEY,
  address: env.REQUESTS_PER_MINUTE_PER_ADDRESS,
  signIn: env.SIGN_INS_PER_MINUTE_PER_ADDRESS,
  failedKeys: env.FAILED_KEYS_PER_MINUTE_PER_ADDRESS,
  /** Of codes, in an hour. */
  guesses: {
    address: env.WRONG_CODES_PER_HOUR_PER_ADDRESS,
    account: env.WRONG_CODES_PER_HOUR_PER_ACCOUNT,
    all: env.WRONG_CODES_PER_HOUR,
  },
});

/** What accounts may give to others. */
const readSharing = (env: Environment) => ({
  perDay: parseUsd(env.SHARING_USD_PER_DAY),
  movesPerDay: env.MOVES_PER_DAY,
  openingsPerDay: env.OPENINGS_PER_DAY,
  toNewPerDay: parseUsd(env.NEW_RECIPIENTS_USD_PER_DAY),
});
