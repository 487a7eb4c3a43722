import { type ReactNode, useEffect } from "react";

interface PageProps {
  title: string;
  description?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
}

/** Heading, one line under it, and what the page holds. Sets the document's title. */
export function Page({ title, description, action, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · infr`;
  }, [title]);

  return (
    <>
      <header className="mb-6 flex flex-wrap items-end justify-between gap-4 sm:mb-8">
        <div className="min-w-0">
          <h1 className="text-2xl font-semibold sm:text-[28px]">{title}</h1>
          {description && <p className="mt-1.5 text-[15px] text-pretty text-muted">{description}</p>}
        </div>
        {action}
      </header>
      {children}
    </>
  );
}
