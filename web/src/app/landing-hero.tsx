import type { ReactNode } from "react";

/** The head of the landing page. It is in the page before any script is, so it may use none. */
export const LandingHero = ({ action }: { action: ReactNode }) => (
  <section className="max-w-2xl pt-4 sm:pt-12">
    <h1 className="text-4xl leading-[1.05] font-semibold tracking-[-0.035em] sm:text-[56px]">
      Inference credit you can check.
    </h1>
    <p className="mt-5 max-w-xl text-lg text-pretty text-muted">
      Put in USDC, call any model through one OpenAI-compatible API, and see each request settled on Base, to the last
      unit.
    </p>
    {action}
  </section>
);

/** What stands in `landing.html`, where the app will put the same: nothing moves when it does. */
export const LandingShell = () => (
  <div className="min-h-dvh md:grid md:grid-cols-[232px_minmax(0,1fr)]">
    <div className="h-[61px] border-b md:h-auto md:border-r md:border-b-0" />
    <main className="mx-auto w-full max-w-5xl flex-1 px-4 pt-7 pb-28 sm:px-8 md:pt-10 md:pb-16">
      <LandingHero action={<div className="mt-8 h-11" />} />
    </main>
  </div>
);
