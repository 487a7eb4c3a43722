import { describe, expect, test } from "vitest";
import { checkSetting, displayCooldown } from "./setting.ts";

const fine = { threshold: "5", target: "$10.00", ceiling: "1,000" };

describe("checkSetting", () => {
  test("default: amounts that can be paid are fine", () => {
    expect(checkSetting(fine, "5")).toEqual({});
  });

  test("behavior: what lies between the two is a payment, and not less than the smallest", () => {
    expect(Object.keys(checkSetting({ ...fine, target: "9.99" }, "5"))).toEqual(["target"]);
    expect(Object.keys(checkSetting({ ...fine, ceiling: "4.99" }, "5"))).toEqual(["ceiling"]);
  });

  test("error: what is no amount is said for each", () => {
    expect(Object.keys(checkSetting({ threshold: "x", target: "", ceiling: "-1" }, "5"))).toEqual([
      "threshold",
      "target",
      "ceiling",
    ]);
  });
});

test("displayCooldown: in words where there are some", () => {
  expect(displayCooldown(3_600)).toBe("1 hour");
  expect(displayCooldown(90)).toBe("90 seconds");
});
