import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Page } from "../components/page.tsx";
import { EmptyNote, ErrorNote } from "../components/query-view.tsx";
import { buttonStyles } from "../components/ui/button.tsx";
import { Card } from "../components/ui/card.tsx";

export const NotFound = () => (
  <Page title="Not found">
    <Card>
      <EmptyNote
        title="There is no such page"
        action={
          <Link to="/" className={buttonStyles({ size: "sm" })}>
            To the overview
          </Link>
        }
      >
        The address may be mistyped, or the page was moved.
      </EmptyNote>
    </Card>
  </Page>
);

export const PageError = ({ error, reset }: ErrorComponentProps) => (
  <Card>
    <ErrorNote error={error} onRetry={reset} />
  </Card>
);
