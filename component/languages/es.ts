import { spanishCommands } from "./commands-es.js";
import type { Language } from "./language.js";

/** Español */
export const spanish: Language = {
  tag: "es",
  words: {
    register: ["registrar", "registro"],
    code: ["código", "codigo"],
    again: ["otro", "repetir"],
    call: ["llamada", "llamar"],
    find: ["buscar", "busca"],
    devices: ["dispositivos"],
    remove: ["quitar"],
    unlink: ["desvincular"],
    pin: ["pin"],
    off: ["no", "ninguno"],
    yes: ["sí", "si"],
    help: ["ayuda"],
  },
  texts: {
    help:
      "Esto es lo que puedes escribir aquí:\n" +
      "registrar +34 612 345 678 – vincula tu número de teléfono a esta cuenta\n" +
      "código 123456 – el código que has recibido (con PIN: código 123456 pin 2468)\n" +
      "otro – otro código por SMS; llamada – uno por llamada\n" +
      "buscar +34 612 345 679 – la dirección de quien tiene este número\n" +
      "dispositivos – tus dispositivos; quitar 12345 – quita uno de ellos\n" +
      "pin 2468 – protege tu número; pin no – deja de hacerlo\n" +
      "desvincular – renuncia a tu número\n" +
      "ayuda – este texto",
    unknown: "No entiendo esto.",
    encrypted: "No puedo leer mensajes cifrados. Desactiva el cifrado en este chat.",
    "code-sent": "Un código está en camino a {number}. Escríbelo aquí: código 123456",
    "code-again": "Otro código está en camino a {number}.",
    "no-code-awaited": "No espero ningún código. Empieza con tu número: registrar +34 612 345 678",
    "code-missing": "Escribe el código después de la palabra: código 123456",
    linked: "{number} pertenece ahora a esta cuenta. Te encuentran en {jid}",
    "linked-already": "{number} ya pertenece a esta cuenta.",
    "number-missing": "Escribe el número después de la palabra: {word} +34 612 345 678",
    found: "{number} está aquí: {jid}\nAñade esta dirección a tus contactos o escríbele.",
    "not-found": "{number} no está aquí.",
    "not-here": "Nadie aquí tiene este número.",
    "needs-number": "Vincula primero tu propio número: registrar +34 612 345 678",
    "lookup-limited": "Has buscado demasiados números. Inténtalo más tarde.",
    devices: "Tus dispositivos:",
    device: "{id} (visto por última vez {seen})",
    "no-devices":
      "Ningún dispositivo está vinculado a tu número; las aplicaciones como esta no lo necesitan.",
    "device-removed": "El dispositivo {id} se ha quitado.",
    "no-such-device": "Ese dispositivo no existe. La palabra dispositivos los muestra.",
    "unlink-sure":
      "Tu número, tus dispositivos y lo que les espera desaparecerán. Escribe sí si estás seguro.",
    unlinked: "El número ya no pertenece a esta cuenta.",
    "nothing-to-confirm": "No hay nada que confirmar.",
    "pin-set": "El PIN está puesto. Quien se registre con tu número tendrá que saberlo.",
    "pin-off": "Ya no hay PIN.",
    "pin-missing": "Escribe el PIN después de la palabra, de 4 a 20 cifras: pin 2468",
    failed: "No ha funcionado. Inténtalo más tarde.",
    wait: "{text} (espera {seconds} segundos)",
    hint: "Para escribir a números de teléfono, vincula primero el tuyo. Escribe aquí: registrar +34 612 345 678\nLa palabra ayuda dice más.",
    "gateway-description": "Escribe un número de teléfono. Puedes omitir el prefijo de tu propio país.",
    "gateway-prompt": "Número de teléfono",
    "search-instructions":
      "Busca a alguien por su número de teléfono. Si tu aplicación solo pide un apodo, escribe el número ahí.",
    "register-instructions":
      "Escribe tu número de teléfono; recibirá un código. Si tu aplicación se para ahí, regístrate otra vez con el código.",
    "register-code-instructions":
      "Se ha enviado un código a {number}. Escríbelo; si tu aplicación solo pide una contraseña, escríbelo ahí.",
    "registered-instructions": "{number} pertenece a esta cuenta. Escribe otro número para cambiarlo.",
    "label-number": "Número de teléfono",
    "label-code": "Código",
    "label-pin": "PIN, si el número está protegido con uno",
    "label-new-pin": "Nuevo PIN, si quieres uno",
    "label-channel": "Enviar el código por",
    "label-again": "Enviar otro código por",
    "label-sms": "SMS",
    "label-voice": "Llamada",
    "label-address": "Dirección",
    "title-register": "Vincular un número de teléfono",
    "title-search": "Buscar a alguien por su número",
  },
  commands: spanishCommands,
  refusals: {
    "number-invalid": "No es un número de teléfono al que se puedan enviar códigos",
    "country-not-allowed": "No se envían códigos a este país",
    "channel-unavailable": "No se envían códigos por esta vía",
    "too-many-requests": "Se han pedido demasiados códigos; espera e inténtalo de nuevo",
    "codes-unavailable": "Ahora no se pueden enviar códigos; inténtalo más tarde",
    "too-early": "Espera hasta el próximo intento",
    "no-more-codes": "No se envían más códigos en este registro; empieza de nuevo",
    "session-unknown": "Este registro no existe o ha caducado; empieza de nuevo",
    "code-wrong": "El código no es correcto",
    "code-expired": "El código ha caducado; pide otro",
    "checks-exhausted": "Demasiados códigos incorrectos; empieza de nuevo",
    "pin-invalid": "Un PIN tiene de 4 a 20 cifras",
    "pin-required": "El número está protegido con un PIN",
    "pin-wrong": "El PIN no es correcto",
    "pin-locked": "Demasiados PIN incorrectos; espera e inténtalo de nuevo",
    "localpart-invalid": "No se puede elegir este nombre",
    "localpart-taken": "Este nombre está ocupado",
    "device-mismatch": "Otro dispositivo ha terminado este registro",
    "host-unavailable": "No se puede contactar con el servidor; inténtalo de nuevo",
    "host-refused": "El servidor no crea cuentas ahora",
    "invitations-unavailable": "No se puede invitar a una aplicación; usa una contraseña",
    "account-made": "Esta cuenta ya existe",
  },
};
