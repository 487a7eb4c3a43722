/** The mark: credit rising, its tip lit. */
export const Brand = () => (
  <span className="inline-flex items-center gap-2.5">
    <svg viewBox="0 0 20 20" aria-hidden className="size-5">
      <rect x="1" y="11" width="4.5" height="8" rx="1.2" className="fill-ink" />
      <rect x="7.75" y="6" width="4.5" height="13" rx="1.2" className="fill-ink" />
      <rect x="14.5" y="1" width="4.5" height="18" rx="1.2" className="fill-ember" />
    </svg>
    <span className="text-[17px] font-semibold tracking-tight">infr</span>
  </span>
);
