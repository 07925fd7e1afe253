import { germanCommands } from "./commands-de.js";
import type { Language } from "./language.js";

/** Deutsch */
export const german: Language = {
  tag: "de",
  words: {
    register: ["registrieren", "anmelden"],
    code: ["code"],
    again: ["nochmal", "erneut"],
    call: ["anruf", "anrufen"],
    find: ["finden", "finde", "suche", "suchen"],
    devices: ["geräte", "geraete"],
    remove: ["entfernen"],
    unlink: ["abmelden", "trennen"],
    pin: ["pin"],
    off: ["aus", "keine"],
    yes: ["ja"],
    help: ["hilfe"],
  },
  texts: {
    help:
      "Das kannst du hier schreiben:\n" +
      "registrieren +49 151 12345678 – verbindet deine Telefonnummer mit diesem Konto\n" +
      "code 123456 – der Code, den du bekommen hast (mit PIN: code 123456 pin 2468)\n" +
      "nochmal – ein neuer Code per SMS; anruf – einer per Anruf\n" +
      "finden +49 151 12345679 – die Adresse von jemandem mit dieser Nummer\n" +
      "geräte – deine Geräte; entfernen 12345 – entfernt eines davon\n" +
      "pin 2468 – schützt deine Nummer; pin aus – nicht mehr\n" +
      "abmelden – gibt deine Nummer auf\n" +
      "hilfe – dieser Text",
    unknown: "Das verstehe ich nicht.",
    encrypted:
      "Verschlüsselte Nachrichten kann ich nicht lesen. Schalte die Verschlüsselung in diesem Chat aus.",
    "code-sent": "Ein Code ist unterwegs an {number}. Schreibe ihn hierher: code 123456",
    "code-again": "Ein neuer Code ist unterwegs an {number}.",
    "no-code-awaited": "Ich warte auf keinen Code. Beginne mit deiner Nummer: registrieren +49 151 12345678",
    "code-missing": "Schreibe den Code hinter das Wort: code 123456",
    linked: "{number} gehört jetzt zu diesem Konto. Man erreicht dich unter {jid}",
    "linked-already": "{number} gehört schon zu diesem Konto.",
    "number-missing": "Schreibe die Nummer hinter das Wort: {word} +49 151 12345678",
    found: "{number} ist hier: {jid}\nFüge diese Adresse zu deinen Kontakten hinzu oder schreibe ihr.",
    "not-found": "{number} ist nicht hier.",
    "not-here": "Niemand hier hat diese Nummer.",
    "needs-number": "Verbinde zuerst deine eigene Nummer: registrieren +49 151 12345678",
    "lookup-limited": "Du hast zu viele Nummern nachgeschlagen. Versuche es später wieder.",
    devices: "Deine Geräte:",
    device: "{id} (zuletzt gesehen {seen})",
    "no-devices": "Mit deiner Nummer ist kein Gerät verbunden; Apps wie diese brauchen keines.",
    "device-removed": "Das Gerät {id} ist entfernt.",
    "no-such-device": "Dieses Gerät gibt es nicht. Das Wort geräte zeigt alle.",
    "unlink-sure":
      "Deine Nummer, deine Geräte und was auf sie wartet sind dann weg. Schreibe ja, wenn du sicher bist.",
    unlinked: "Die Nummer gehört nicht mehr zu diesem Konto.",
    "nothing-to-confirm": "Es gibt nichts zu bestätigen.",
    "pin-set": "Die PIN ist gesetzt. Wer sich mit deiner Nummer anmeldet, muss sie kennen.",
    "pin-off": "Es gibt keine PIN mehr.",
    "pin-missing": "Schreibe die PIN hinter das Wort, 4 bis 20 Ziffern: pin 2468",
    failed: "Das hat nicht geklappt. Versuche es später wieder.",
    wait: "{text} (warte {seconds} Sekunden)",
    hint: "Um an Telefonnummern zu schreiben, verbinde zuerst deine eigene. Schreibe hier: registrieren +49 151 12345678\nDas Wort hilfe sagt mehr.",
    "gateway-description":
      "Gib eine Telefonnummer ein. Die Vorwahl deines eigenen Landes kannst du weglassen.",
    "gateway-prompt": "Telefonnummer",
    "search-instructions":
      "Finde jemanden mit seiner Telefonnummer. Fragt deine App nur nach einem Spitznamen, gib die Nummer dort ein.",
    "register-instructions":
      "Gib deine Telefonnummer ein; sie bekommt einen Code. Bleibt deine App dann stehen, registriere dich noch einmal mit dem Code.",
    "register-code-instructions":
      "Ein Code wurde an {number} geschickt. Gib ihn ein; fragt deine App nur nach einem Passwort, dann dort.",
    "registered-instructions":
      "{number} gehört zu diesem Konto. Gib eine andere Nummer ein, um sie zu ändern.",
    "label-number": "Telefonnummer",
    "label-code": "Code",
    "label-pin": "PIN, falls die Nummer mit einer geschützt ist",
    "label-new-pin": "Neue PIN, wenn du eine willst",
    "label-channel": "Den Code senden per",
    "label-again": "Einen neuen Code senden per",
    "label-sms": "SMS",
    "label-voice": "Anruf",
    "label-address": "Adresse",
    "title-register": "Eine Telefonnummer verbinden",
    "title-search": "Jemanden mit der Nummer finden",
  },
  commands: germanCommands,
  refusals: {
    "number-invalid": "Das ist keine Telefonnummer, an die Codes geschickt werden können",
    "country-not-allowed": "In dieses Land werden keine Codes geschickt",
    "channel-unavailable": "Auf diesem Weg werden keine Codes geschickt",
    "too-many-requests": "Es wurden zu viele Codes verlangt; warte und versuche es wieder",
    "codes-unavailable": "Gerade können keine Codes geschickt werden; versuche es später wieder",
    "too-early": "Warte bis zum nächsten Versuch",
    "no-more-codes": "In dieser Anmeldung gibt es keinen Code mehr; beginne von vorn",
    "session-unknown": "Diese Anmeldung gibt es nicht, oder sie ist abgelaufen; beginne von vorn",
    "code-wrong": "Der Code stimmt nicht",
    "code-expired": "Der Code ist abgelaufen; verlange einen neuen",
    "checks-exhausted": "Zu viele falsche Codes; beginne von vorn",
    "pin-invalid": "Eine PIN hat 4 bis 20 Ziffern",
    "pin-required": "Die Nummer ist mit einer PIN geschützt",
    "pin-wrong": "Die PIN stimmt nicht",
    "pin-locked": "Zu viele falsche PINs; warte und versuche es wieder",
    "localpart-invalid": "Diesen Namen kann man nicht wählen",
    "localpart-taken": "Dieser Name ist vergeben",
    "device-mismatch": "Diese Anmeldung hat ein anderes Gerät beendet",
    "host-unavailable": "Der Server ist nicht erreichbar; versuche es wieder",
    "host-refused": "Der Server richtet gerade keine Konten ein",
    "invitations-unavailable": "Es kann keine App eingeladen werden; nimm ein Passwort",
    "account-made": "Dieses Konto gibt es schon",
  },
};
