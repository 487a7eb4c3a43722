import { Window, type WindowProps } from "./window.tsx";

/** A centred window; on a phone it rises from the bottom edge, within reach of the thumb. */
export const Dialog = (props: WindowProps) => (
  <Window
    {...props}
    className="inset-x-0 bottom-0 max-h-[85dvh] rounded-t-2xl border pb-8 data-ending-style:translate-y-4 data-starting-style:translate-y-4 sm:inset-x-auto sm:top-1/2 sm:bottom-auto sm:left-1/2 sm:w-105 sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-2xl sm:pb-6 sm:data-ending-style:-translate-y-[48%] sm:data-starting-style:-translate-y-[48%]"
  />
);
