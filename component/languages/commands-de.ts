import type { CommandTexts } from "./command-texts.js";

/** What commands say in German. */
export const germanCommands: CommandTexts = {
  "Give up the phone number": "Die Telefonnummer aufgeben",
  "Your number is taken from this account; its devices and waiting messages are gone.":
    "Deine Nummer gehört dann nicht mehr zu diesem Konto; ihre Geräte und wartende Nachrichten sind weg.",
  "The number does not belong to this account any more.": "Die Nummer gehört nicht mehr zu diesem Konto.",
  "Delete the account": "Das Konto löschen",
  "Your number, devices and waiting messages are gone, and so is the account if it was made at sign-up.":
    "Deine Nummer, deine Geräte und wartende Nachrichten sind dann weg, und auch das Konto, wenn es bei der Anmeldung entstand.",
  "The number is gone; the account was not made here and stays.":
    "Die Nummer ist weg; das Konto wurde nicht hier eingerichtet und bleibt.",
  "The account is being deleted.": "Das Konto wird gelöscht.",
  "Are you sure?": "Bist du sicher?",
  "I am sure": "Ich bin sicher",
  "Set or remove the PIN": "Die PIN setzen oder entfernen",
  "Registration PIN": "PIN für die Anmeldung",
  "Whoever signs up with your number has to know it. Leave it empty to have none.":
    "Wer sich mit deiner Nummer anmeldet, muss sie kennen. Lass das Feld leer, wenn du keine willst.",
  "PIN (4 to 20 digits)": "PIN (4 bis 20 Ziffern)",
  "The PIN is set.": "Die PIN ist gesetzt.",
  "There is no PIN any more.": "Es gibt keine PIN mehr.",
  "List or remove devices": "Geräte zeigen oder entfernen",
  "Your devices": "Deine Geräte",
  "No device is bound.": "Kein Gerät ist verbunden.",
  "Choose those to remove, or none.": "Wähle die, die entfernt werden sollen, oder keines.",
  "Devices (bound – last seen)": "Geräte (verbunden – zuletzt gesehen)",
  "Nothing was removed.": "Es wurde nichts entfernt.",
  "Removed: {devices}.": "Entfernt: {devices}.",
  "Choose who sees what of you": "Wählen, wer was von dir sieht",
  Privacy: "Privatsphäre",
  "Contacts are those you subscribed to, or whose subscription you approved.":
    "Kontakte sind die, die du abonniert hast oder deren Anfrage du angenommen hast.",
  "Who sees that I am online": "Wer sieht, dass ich online bin",
  "Who sees when I was last online": "Wer sieht, wann ich zuletzt online war",
  "Who sees my picture and profile": "Wer mein Bild und mein Profil sieht",
  Everyone: "Alle",
  "My contacts": "Meine Kontakte",
  Nobody: "Niemand",
  "Your choice is kept.": "Deine Wahl ist gespeichert.",
  "Block a number": "Eine Nummer blockieren",
  "Its messages do not reach you, and it does not see you. It is not told.":
    "Ihre Nachrichten erreichen dich nicht, und sie sieht dich nicht. Sie erfährt es nicht.",
  "Phone number": "Telefonnummer",
  "The number is blocked.": "Die Nummer ist blockiert.",
  "List or unblock blocked numbers": "Blockierte Nummern zeigen oder freigeben",
  "Blocked numbers": "Blockierte Nummern",
  "No number is blocked.": "Keine Nummer ist blockiert.",
  "Choose those to unblock, or none.": "Wähle die, die freigegeben werden sollen, oder keine.",
  Numbers: "Nummern",
  "Nothing was changed.": "Es wurde nichts geändert.",
  "Not blocked any more: {numbers}.": "Nicht mehr blockiert: {numbers}.",
  "Find somebody by number": "Jemanden mit der Nummer finden",
  "Numbers of your own country may be written as you dial them.":
    "Nummern deines eigenen Landes kannst du schreiben, wie du sie wählst.",
  Found: "Gefunden",
  Address: "Adresse",
  "{number} is not here.": "{number} ist nicht hier.",
  "The address of {number} is {jid}.": "Die Adresse von {number} ist {jid}.",
  "Choose whether people on other servers may write to you":
    "Wählen, ob Leute auf anderen Servern dir schreiben dürfen",
  "People on other servers": "Leute auf anderen Servern",
  "They are not encrypted to, and find out that your number is in use.":
    "Mit ihnen wird nicht verschlüsselt, und sie erfahren, dass deine Nummer benutzt wird.",
  "People on other servers may write to me": "Leute auf anderen Servern dürfen mir schreiben",
  "Link a phone number to this account": "Eine Telefonnummer mit diesem Konto verbinden",
  "Link a phone number": "Eine Telefonnummer verbinden",
  "A code is sent to the number. Leave the device empty if you use an ordinary app. If your app shows no second form, run the command again with the code.":
    "Die Nummer bekommt einen Code. Lass das Gerät leer, wenn du eine gewöhnliche App benutzt. Zeigt deine App kein zweites Formular, führe den Befehl noch einmal mit dem Code aus.",
  "Send the code by": "Den Code senden per",
  SMS: "SMS",
  "Voice call": "Anruf",
  "Code, if you have it already": "Code, falls du ihn schon hast",
  "PIN, if the number is protected by one": "PIN, falls die Nummer mit einer geschützt ist",
  "New PIN, if you want one": "Neue PIN, wenn du eine willst",
  "Device id": "Nummer des Geräts",
  "Device's public key": "Öffentlicher Schlüssel des Geräts",
  "Fill in the code; or leave it empty and choose how to get another one.":
    "Gib den Code ein; oder lass das Feld leer und wähle, wie du einen neuen bekommst.",
  Code: "Code",
  "Send another code by": "Einen neuen Code senden per",
  "A code is on its way. Run this command again with the number and the code.":
    "Ein Code ist unterwegs. Führe diesen Befehl noch einmal mit der Nummer und dem Code aus.",
  "The number belongs to this account already.": "Die Nummer gehört schon zu diesem Konto.",
  "The device is bound to the account.": "Das Gerät ist mit dem Konto verbunden.",
  "{number} belongs to this account now.": "{number} gehört jetzt zu diesem Konto.",
};
