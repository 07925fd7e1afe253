import type { CommandTexts } from "./command-texts.js";

/** What commands say in Spanish. */
export const spanishCommands: CommandTexts = {
  "Give up the phone number": "Dejar el número de teléfono",
  "Your number is taken from this account; its devices and waiting messages are gone.":
    "Tu número dejará de pertenecer a esta cuenta; sus dispositivos y los mensajes pendientes se perderán.",
  "The number does not belong to this account any more.": "El número ya no pertenece a esta cuenta.",
  "Delete the account": "Eliminar la cuenta",
  "Your number, devices and waiting messages are gone, and so is the account if it was made at sign-up.":
    "Se perderán tu número, tus dispositivos y los mensajes pendientes, y también la cuenta si se creó al registrarte.",
  "The number is gone; the account was not made here and stays.":
    "El número ya no está; la cuenta no se creó aquí y se queda.",
  "The account is being deleted.": "La cuenta se está eliminando.",
  "Are you sure?": "¿Seguro?",
  "I am sure": "Sí, seguro",
  "Set or remove the PIN": "Poner o quitar el PIN",
  "Registration PIN": "PIN de registro",
  "Whoever signs up with your number has to know it. Leave it empty to have none.":
    "Quien se registre con tu número tiene que saberlo. Déjalo vacío para no tener ninguno.",
  "PIN (4 to 20 digits)": "PIN (de 4 a 20 cifras)",
  "The PIN is set.": "El PIN está puesto.",
  "There is no PIN any more.": "Ya no hay PIN.",
  "List or remove devices": "Ver o quitar dispositivos",
  "Your devices": "Tus dispositivos",
  "No device is bound.": "No hay ningún dispositivo vinculado.",
  "Choose those to remove, or none.": "Elige los que quieras quitar, o ninguno.",
  "Devices (bound – last seen)": "Dispositivos (vinculado – visto por última vez)",
  "Nothing was removed.": "No se ha quitado nada.",
  "Removed: {devices}.": "Quitados: {devices}.",
  "Choose who sees what of you": "Elegir quién ve qué de ti",
  Privacy: "Privacidad",
  "Contacts are those you subscribed to, or whose subscription you approved.":
    "Tus contactos son aquellos a los que te suscribiste o cuya solicitud aceptaste.",
  "Who sees that I am online": "Quién ve que estoy en línea",
  "Who sees when I was last online": "Quién ve cuándo estuve en línea por última vez",
  "Who sees my picture and profile": "Quién ve mi foto y mi perfil",
  Everyone: "Todos",
  "My contacts": "Mis contactos",
  Nobody: "Nadie",
  "Your choice is kept.": "Tu elección se ha guardado.",
  "Block a number": "Bloquear un número",
  "Its messages do not reach you, and it does not see you. It is not told.":
    "Sus mensajes no te llegan y no te ve. No se le avisa.",
  "Phone number": "Número de teléfono",
  "The number is blocked.": "El número está bloqueado.",
  "List or unblock blocked numbers": "Ver o desbloquear números bloqueados",
  "Blocked numbers": "Números bloqueados",
  "No number is blocked.": "No hay ningún número bloqueado.",
  "Choose those to unblock, or none.": "Elige los que quieras desbloquear, o ninguno.",
  Numbers: "Números",
  "Nothing was changed.": "No se ha cambiado nada.",
  "Not blocked any more: {numbers}.": "Ya no están bloqueados: {numbers}.",
  "Find somebody by number": "Encontrar a alguien por su número",
  "Numbers of your own country may be written as you dial them.":
    "Los números de tu propio país puedes escribirlos como los marcas.",
  Found: "Encontrado",
  Address: "Dirección",
  "{number} is not here.": "{number} no está aquí.",
  "The address of {number} is {jid}.": "La dirección de {number} es {jid}.",
  "Choose whether people on other servers may write to you":
    "Elegir si pueden escribirte desde otros servidores",
  "People on other servers": "Gente de otros servidores",
  "They are not encrypted to, and find out that your number is in use.":
    "Con ellos no se cifra, y se enteran de que tu número está en uso.",
  "People on other servers may write to me": "Pueden escribirme desde otros servidores",
  "Link a phone number to this account": "Vincular un número de teléfono a esta cuenta",
  "Link a phone number": "Vincular un número de teléfono",
  "A code is sent to the number. Leave the device empty if you use an ordinary app. If your app shows no second form, run the command again with the code.":
    "Se envía un código al número. Deja el dispositivo vacío si usas una aplicación corriente. Si tu aplicación no muestra un segundo formulario, repite la orden con el código.",
  "Send the code by": "Enviar el código por",
  SMS: "SMS",
  "Voice call": "Llamada",
  "Code, if you have it already": "Código, si ya lo tienes",
  "PIN, if the number is protected by one": "PIN, si el número está protegido con uno",
  "New PIN, if you want one": "PIN nuevo, si quieres uno",
  "Device id": "Número del dispositivo",
  "Device's public key": "Clave pública del dispositivo",
  "Fill in the code; or leave it empty and choose how to get another one.":
    "Escribe el código; o déjalo vacío y elige cómo recibir otro.",
  Code: "Código",
  "Send another code by": "Enviar otro código por",
  "A code is on its way. Run this command again with the number and the code.":
    "El código está en camino. Repite esta orden con el número y el código.",
  "The number belongs to this account already.": "El número ya pertenece a esta cuenta.",
  "The device is bound to the account.": "El dispositivo está vinculado a la cuenta.",
  "{number} belongs to this account now.": "{number} pertenece ahora a esta cuenta.",
};
