import { expect } from "chai";
import jsqr from "jsqr";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { Connection } from "../../../sdk/connection/connection.js";
import { linkNumber } from "../../../sdk/sign-up/mod.js";
import { newDeviceId } from "../../../src/ids.js";
import { startBrowser } from "../../support/browser.js";
import { readInvitation, register } from "../../support/in-band-registration.js";
import { newDeviceKey, RawDevice } from "../../support/raw-device.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const MERCUTIO = "+15551230003";
const BENVOLIO = "+15551230004";
const NURSE = "+15551230005";
const CODE = "123456";
const PARIS = "+15551230006";
const PHONE: BrowserContextOptions = {
  viewport: { width: 320, height: 568 },
  hasTouch: true,
  // Without it the page's own word of its width would count for nothing
  isMobile: true,
};
const DESK: BrowserContextOptions = {
  viewport: { width: 1280, height: 900 },
  hasTouch: false,
  isMobile: false,
};

describe("the welcome page in Chromium", function () {
  // A browser starts in two seconds, and in many more on a machine that does much else
  this.timeout(60_000);
  const world = useWorld({
    config: {
      welcome: { enabled: true, serviceName: "Verona" },
      signUp: {
        testNumbers: Object.fromEntries(
          [ROMEO, MERCUTIO, BENVOLIO, NURSE, PARIS].map((number) => [number, CODE]),
        ),
      },
    },
  });
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  /** What the browser's console complained about: blocked by the policy, not found. */
  let complaints: string[] = [];

  before(async () => {
    browser = await startBrowser();
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(complaints).to.deep.equal([]);
  });
  after(() => browser?.close());

  const base = (): string => `http://127.0.0.1:${world().app.httpPort}/welcome/`;

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    complaints = [];
    const context = await browser.newContext({ ...PHONE, locale: "en-GB", ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.on("console", (message) => {
      // That a form was refused is said in the console too
      if (!message.text().includes("status of 4")) complaints.push(message.text());
    });
    await page.goto(base());
    return page;
  }

  async function submit(page: Page, value: string): Promise<void> {
    await page.locator("input:not([type=hidden])").first().fill(value);
    await page.locator("main form button").first().click();
    await expectNoOverflow(page);
  }

  async function expectNoOverflow(page: Page): Promise<void> {
    const width = await page.evaluate<number[]>("[document.documentElement.scrollWidth, window.innerWidth]");
    expect(width[1], page.url()).to.equal(page.viewportSize()?.width);
    expect(width[0], page.url()).to.be.at.most(width[1] ?? 0);
  }

  async function session(page: Page): Promise<string | undefined> {
    const cookies = await page.context().cookies();
    return cookies.find(({ name }) => name === "__Host-sign-up")?.value;
  }

  const path = (page: Page): string => new URL(page.url()).pathname;

  it("leads from number and code to a link and a QR code, by which an app makes the number's account", async () => {
    const page = await open();
    await expectNoOverflow(page);
    expect(await page.title()).to.equal("Join Verona");
    await submit(page, "+1 555 123 0001");
    expect(path(page)).to.equal("/welcome/code");
    await submit(page, "123 456");
    expect(path(page)).to.equal("/welcome/app");
    const uri = (await page.locator("a.button").getAttribute("href")) ?? "";
    expect(await page.getByRole("textbox", { name: "Invitation link" }).inputValue()).to.equal(uri);
    expect(await scan(page.locator("svg.qr"))).to.equal(uri);

    const { username, domain, token } = readInvitation(uri);
    expect(domain).to.equal("example.org");
    const account = { username, password: "wherefore" };
    expect(await register(world().prosody, { ...account, token })).to.equal(undefined);
    await page.reload();
    expect(await page.title()).to.equal("Your account is made");
    expect(await page.locator("main").textContent()).to.include(`${username}@example.org`);

    const romeo = await attach(account, ROMEO);
    const juliet = await RawDevice.online(await world().person(JULIET));
    await juliet.say(romeo.numberJid, "wherefore art thou");
    await until("the message", () => romeo.messages.length === 1);
    await Promise.all([romeo.stop(), juliet.stop()]);
  });

  /** Binds a device to the account as its owner: no code is asked for. */
  async function attach(account: { username: string; password: string }, number: string): Promise<RawDevice> {
    const { service, host: domain, componentDomain: numberDomain } = world().prosody;
    const connection = new Connection({ service, domain, ...account, resource: "app" });
    await connection.start();
    const key = newDeviceKey();
    const deviceId = newDeviceId();
    const device = { deviceId, publicKey: key.publicKey };
    expect(await linkNumber(connection, { component: numberDomain, number, device })).to.equal(undefined);
    await connection.stop();
    return RawDevice.online({ service, domain, numberDomain, number, ...account, deviceId, key });
  }

  it("shows address and password to whose app opens no link, and again after a reload", async () => {
    const page = await open({ colorScheme: "dark" });
    await submit(page, MERCUTIO);
    await submit(page, CODE);
    await page.getByRole("button", { name: "Show address and password" }).click();
    await expectNoOverflow(page);
    const shown = async () => ({
      address: await page.getByLabel("Address").inputValue(),
      password: await page.getByLabel("Password").inputValue(),
    });
    const first = await shown();
    await page.reload();
    expect(await shown()).to.deep.equal(first);
    const [username = ""] = first.address.split("@");
    const mercutio = await attach({ username, password: first.password }, MERCUTIO);
    await mercutio.stop();
    await page.getByRole("button", { name: "I am done" }).click();
    expect(await session(page)).to.equal(undefined);
    await page.goto(`${base()}app`);
    expect(await page.getByRole("alert").textContent()).to.include("This sign-up is over");
  });

  it("does so at a desk too, where the QR code is what a phone reads", async () => {
    const page = await open(DESK);
    await expectNoOverflow(page);
    await submit(page, PARIS);
    await submit(page, CODE);
    expect(path(page)).to.equal("/welcome/app");
    expect(await scan(page.locator("svg.qr"))).to.equal(await page.locator("a.button").getAttribute("href"));
  });

  it("is used by keyboard alone, and says what is wrong to who cannot see it", async () => {
    const page = await open();
    await page.locator("#number:focus").waitFor();
    await page.keyboard.type("12");
    await page.keyboard.press("Enter");
    await expectTold(page, "number", "This is not a phone number");
    expect(await page.getByLabel("Phone number").inputValue()).to.equal("12");
    await page.keyboard.press("Control+A");
    await page.keyboard.type(BENVOLIO);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/code");
    await page.locator("#code:focus").waitFor();
    await page.keyboard.type("654321");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/code?problem=code-wrong");
    await expectTold(page, "code", "The code is not right.");
    expect(await page.locator("main").textContent()).to.include("You have 4 tries left.");
    // A reload sends nothing again
    await page.reload();
    expect(await page.locator("main").textContent()).to.include("You have 4 tries left.");
    await page.locator("#code:focus").waitFor();
    await page.keyboard.type(CODE);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/app");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").getAttribute("href")).to.match(/^xmpp:/);
  });

  async function expectTold(page: Page, field: string, text: string): Promise<void> {
    const alert = page.getByRole("alert");
    expect(await alert.textContent()).to.include(text);
    expect(await alert.getAttribute("aria-live")).to.equal("assertive");
    expect(await page.title()).to.match(/^Error: /);
    const focused = page.locator(`#${field}:focus`);
    expect(await focused.getAttribute("aria-invalid")).to.equal("true");
    expect(((await focused.getAttribute("aria-describedby")) ?? "").split(" ")).to.include("problem");
    await expectNoOverflow(page);
  }

  it("loses and doubles nothing by the back button, a reload or a double click", async () => {
    const page = await open();
    const begun = await beginnings();
    await page.getByLabel("Phone number").fill(NURSE);
    await page.getByRole("button").dblclick();
    await page.waitForURL("**/code");
    const first = await session(page);
    await page.goBack();
    expect(path(page)).to.equal("/welcome/");
    await submit(page, NURSE);
    expect([path(page), await session(page)]).to.deep.equal(["/welcome/code", first]);
    await page.reload();
    await submit(page, CODE);
    const uri = await page.locator("a.button").getAttribute("href");
    await page.goBack();
    await page.goto(`${base()}code`);
    expect(path(page)).to.equal("/welcome/app");
    await page.reload();
    expect(await page.locator("a.button").getAttribute("href")).to.equal(uri);
    await page.goto(base());
    await submit(page, NURSE);
    expect(await page.locator("a.button").getAttribute("href")).to.equal(uri);
    expect(await beginnings()).to.equal(begun + 1);
  });

  async function beginnings(): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${world().app.httpPort}/metrics`)).text();
    return Number(/sign_ups_total\{step="begin",outcome="begun"\} (\d+)/.exec(text)?.[1] ?? 0);
  }

  it("speaks the language of the browser and has the colours of the device", async () => {
    const colours = new Set<string>();
    for (const [locale, colorScheme, title] of [
      ["de-AT", "light", "Bei Verona anmelden"],
      ["es-MX", "dark", "Únete a Verona"],
      ["fr-FR", "light", "Join Verona"],
    ] as const) {
      const page = await open({ locale, colorScheme });
      expect(await page.title()).to.equal(title);
      expect(await page.getAttribute("html", "lang")).to.equal(
        title.startsWith("J") ? "en" : locale.slice(0, 2),
      );
      await expectNoOverflow(page);
      colours.add(await page.evaluate<string>("getComputedStyle(document.body).backgroundColor"));
    }
    expect(colours.size).to.equal(2);
  });
});

/** Reads a QR code from what is seen of it. */
async function scan(code: Locator): Promise<string | undefined> {
  const png = (await code.screenshot()).toString("base64");
  const blank = await code.page().context().newPage();
  // What is seen, as the camera of a phone would have it: four bytes a point
  const { width, height, pixels } = await blank.evaluate<{
    width: number;
    height: number;
    pixels: number[];
  }>(`
    (async () => {
      const response = await fetch("data:image/png;base64,${png}");
      const image = await createImageBitmap(await response.blob());
      const { width, height } = image;
      const drawing = new OffscreenCanvas(width, height).getContext("2d");
      drawing.drawImage(image, 0, 0);
      return { width, height, pixels: [...drawing.getImageData(0, 0, width, height).data] };
    })()`);
  await blank.close();
  return jsqr.default(Uint8ClampedArray.from(pixels), width, height)?.data;
}
