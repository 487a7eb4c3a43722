import { useParams } from "@tanstack/react-router";
import { Page } from "../../components/page.tsx";
import { TopUpCard } from "../../features/top-up/top-up-card.tsx";

export function TopUpRoute() {
  const { id } = useParams({ from: "/top-up/$id" });
  return (
    <Page title="Top up">
      <div className="max-w-xl">
        <TopUpCard id={id} />
      </div>
    </Page>
  );
}
