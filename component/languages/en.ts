import { REFUSALS } from "../sign-up/refusal.js";
import type { Language } from "./language.js";

/** English */
export const english: Language = {
  tag: "en",
  words: {
    register: ["register", "link"],
    code: ["code"],
    again: ["again", "resend"],
    call: ["call"],
    find: ["find", "search"],
    devices: ["devices"],
    remove: ["remove"],
    unlink: ["unlink"],
    pin: ["pin"],
    off: ["off", "none"],
    yes: ["yes"],
    help: ["help", "?"],
  },
  texts: {
    help:
      "This is what you can write here:\n" +
      "register +1 555 123 0001 – link your phone number to this account\n" +
      "code 123456 – the code that you were sent (with a PIN: code 123456 pin 2468)\n" +
      "again – another code by SMS; call – one by a voice call\n" +
      "find +1 555 123 0002 – the address of somebody with this number\n" +
      "devices – your devices; remove 12345 – remove one of them\n" +
      "pin 2468 – protect your number; pin off – do not any more\n" +
      "unlink – give your number up\n" +
      "help – this text",
    unknown: "I do not understand this.",
    encrypted: "I cannot read encrypted messages. Switch encryption off in this chat.",
    "code-sent": "A code is on its way to {number}. Write it here: code 123456",
    "code-again": "Another code is on its way to {number}.",
    "no-code-awaited": "I am not waiting for a code. Begin with your number: register +1 555 123 0001",
    "code-missing": "Write the code after the word: code 123456",
    linked: "{number} belongs to this account now. People reach you at {jid}",
    "linked-already": "{number} belongs to this account already.",
    "number-missing": "Write the number after the word: {word} +1 555 123 0001",
    found: "{number} is here: {jid}\nAdd this address to your contacts, or write to it.",
    "not-found": "{number} is not here.",
    "not-here": "Nobody here has this number.",
    "needs-number": "Link a number of your own first: register +1 555 123 0001",
    "lookup-limited": "You have looked up too many numbers. Try again later.",
    devices: "Your devices:",
    device: "{id} (last seen {seen})",
    "no-devices": "No device is bound to your number; apps like this one need none.",
    "device-removed": "Device {id} is removed.",
    "no-such-device": "There is no such device. The word devices lists them.",
    "unlink-sure":
      "Your number, your devices and what waits for them will be gone. Write yes if you are sure.",
    unlinked: "The number does not belong to this account any more.",
    "nothing-to-confirm": "There is nothing to confirm.",
    "pin-set": "The PIN is set. Whoever signs up with your number has to know it.",
    "pin-off": "There is no PIN any more.",
    "pin-missing": "Write the PIN after the word, 4 to 20 digits: pin 2468",
    failed: "This did not work. Try again later.",
    wait: "{text} (wait {seconds} seconds)",
    hint: "To write to phone numbers, link your own first. Write here: register +1 555 123 0001\nThe word help tells more.",
    "gateway-description": "Enter a phone number. You can leave out the country code of your own country.",
    "gateway-prompt": "Phone number",
    "search-instructions":
      "Find somebody by phone number. If your app asks for a nickname only, enter the number there.",
    "register-instructions":
      "Enter your phone number; a code is sent to it. If your app stops then, register once more with the code.",
    "register-code-instructions":
      "A code was sent to {number}. Enter it; if your app asks for a password only, enter it there.",
    "registered-instructions": "{number} belongs to this account. Enter another number to change it.",
    "label-number": "Phone number",
    "label-code": "Code",
    "label-pin": "PIN, if the number is protected by one",
    "label-new-pin": "New PIN, if you want one",
    "label-channel": "Send the code by",
    "label-again": "Send another code by",
    "label-sms": "SMS",
    "label-voice": "Voice call",
    "label-address": "Address",
    "title-register": "Link a phone number",
    "title-search": "Find somebody by number",
  },
  commands: {},
  refusals: REFUSALS,
};
