import { useEffect } from "react";
import { LiveModels } from "../features/models/live-models.tsx";
import { LiveReserves } from "../features/reserves/live-reserves.tsx";
import { ConnectButton } from "../features/sign-in/connect-button.tsx";
import { LandingHero } from "./landing-hero.tsx";

const POINTS = [
  ["Prepaid in USDC", "Every dollar of credit is backed by one USDC in a contract on Base. Anybody can check it."],
  ["Any OpenAI client", "Change the base URL and the key. Streaming, usage and cost come as you know them."],
  ["Every charge verifiable", "Each request has a receipt in a batch that is settled on-chain, 80 % to who served it."],
] as const;

/** What a visitor sees: what this is, what it costs, the way in. */
export function Welcome() {
  useEffect(() => {
    document.title = "infr: prepaid inference credit";
  }, []);
  return (
    <div className="flex flex-col gap-12 sm:gap-16">
      <LandingHero action={<ConnectButton size="lg" className="mt-8" />} />
      <ul className="grid gap-8 border-t pt-8 sm:grid-cols-3">
        {POINTS.map(([title, text]) => (
          <li key={title}>
            <h2 className="text-[15px] font-semibold">{title}</h2>
            <p className="mt-1.5 text-sm text-pretty text-muted">{text}</p>
          </li>
        ))}
      </ul>
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <LiveReserves />
        <LiveModels />
      </div>
    </div>
  );
}
