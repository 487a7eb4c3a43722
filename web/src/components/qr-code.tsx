import { encode } from "uqr";

/** A text for a phone's camera (ISO/IEC 18004), dark on light in both schemes: not every camera reads it the other way round. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])));
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} className="size-40 shrink-0 rounded-lg bg-white">
      <path d={dark.join("")} className="fill-black" shapeRendering="crispEdges" />
    </svg>
  );
}
