import { useQuery } from "@tanstack/react-query";
import { getAddress } from "viem";
import { CodeLine } from "../../components/code-line.tsx";
import { Fact, Facts } from "../../components/facts.tsx";
import { Money } from "../../components/money.tsx";
import { QrCode } from "../../components/qr-code.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Card } from "../../components/ui/card.tsx";
import { Skeleton } from "../../components/ui/skeleton.tsx";
import { api, unwrap } from "../../lib/api.ts";
import { useAppConfig } from "../../lib/app-config.ts";
import { queryKeys } from "../../lib/query-keys.ts";

/** The account's own address, for whoever sends USDC from an exchange, a phone or another wallet. */
export function AddressPanel() {
  const { chainName } = useAppConfig();
  const address = useQuery({
    queryKey: queryKeys.depositAddress,
    queryFn: () => unwrap(api.GET("/api/deposits/address")),
  });
  return (
    <Card aria-label="Deposit address" className="p-5 sm:p-6">
      <QueryView query={address} name="deposit address" loading={<Skeleton className="h-48" />}>
        {(data) => (
          <div className="flex flex-col gap-5">
            <p className="text-sm text-pretty text-muted">
              Send USDC on {chainName} to it, from an exchange, a phone or another wallet. It is credited by itself.
            </p>
            {/* In mixed case (ERC-55), so that an exchange notices a mistyped one. */}
            <div className="flex flex-col items-center gap-5 sm:flex-row sm:items-start">
              <QrCode text={getAddress(data.address)} label="The address as a QR code" />
              <div className="w-full min-w-0">
                <CodeLine label={`Your address on ${chainName}`} text={getAddress(data.address)} />
              </div>
            </div>
            <Facts>
              <Fact name="Minimum" hint="Less waits there until more comes">
                <Money usd={data.minimum} />
              </Fact>
              <Fact name="Waiting there" hint="Seen last, and not credited yet">
                <Money usd={data.waiting} />
              </Fact>
            </Facts>
            <p className="text-sm font-medium text-pretty">
              Only USDC, and only on {chainName}: what is sent on another chain, or another token, does not arrive.
            </p>
          </div>
        )}
      </QueryView>
    </Card>
  );
}
