/* Jedes Wort der Seite auf Deutsch, in einfachen Worten und per Du; en.js sagt, was hier wie zu schreiben ist. */
export default {
  "language": "Deutsch",
  "title": "Sprich mit {name}",
  "description": "{name} ist ein herzlicher Sprachassistent. Drück einen Knopf und sprich.",
  "pageTitle": {
    "live": "Im Gespräch · {name}",
    "busy": "Warten auf eine Leitung · {name}",
    "ended": "Gespräch beendet · {name}"
  },
  "maker": "von {maker}",
  "noScript": "{name} braucht JavaScript, um dich zu hören. Schalte es für diese Seite ein und lade sie neu.",

  "talk": "Mit {name} sprechen",
  "talkAgain": "Noch einmal sprechen",
  "typeInstead": "Lieber tippen",
  "again": "Noch einmal versuchen",
  "reload": "Seite neu laden",
  "cancel": "Abbrechen",
  "hearAlex": "Ton einschalten",
  "chooseLanguage": "Sprache dieser Seite",
  "finePrint": "Das Mikrofon ist nur im Gespräch an. {name} ist eine KI und kann sich irren.",
  "speaks": {
    "en": "{name} spricht und versteht Englisch.",
    "de": "{name} spricht und versteht Deutsch."
  },

  "you": "Du",
  "conversation": "Gespräch",
  "conversationEmpty": "Was du und {name} sagen, steht dann hier.",
  "newest": "Neuestes",
  "copy": "Kopieren",
  "copied": "Kopiert",
  "notCopied": "Der Browser lässt das Kopieren nicht zu. Speichere es stattdessen.",
  "save": "Speichern",
  "saved": "Gespeichert",
  "anotherCall": "Ein weiteres Gespräch",
  "fileName": "Gespräch mit {name}",
  "interruptedHere": "Hier hast du unterbrochen.",
  "notSent": "Nicht gesendet. Versuch es noch einmal.",
  "compose": "Nachricht an {name} tippen",
  "composeHint": "Oder hier tippen…",
  "send": "Senden",

  "controls": "Steuerung des Gesprächs",
  "microphoneOn": "Mich stumm",
  "microphoneOff": "Mich hören",
  "microphoneNone": "Kein Mikro",
  "hold": "Halten",
  "holding": "Loslassen",
  "soundOn": "{name} stumm",
  "soundOff": "{name} hören",
  "volume": "Lautstärke",
  "hangUp": "Auflegen",
  "callLength": "Länge des Gesprächs",

  "quality": {
    "good": "Gute Verbindung",
    "poor": "Schwache Verbindung",
    "lost": "Keine Verbindung"
  },

  "panel": {
    "open": "Ton und Mikrofon",
    "title": "Ton und Mikrofon",
    "close": "Fertig",
    "microphone": "Mikrofon",
    "speaker": "Lautsprecher",
    "systemDefault": "Standard des Geräts",
    "microphoneNumber": "Mikrofon {number}",
    "speakerNumber": "Lautsprecher {number}",
    "check": "Mikrofon prüfen",
    "listening": "Sag etwas…",
    "heard": "Ich höre dich gut.",
    "muted": "Du bist stumm. Schalte das Mikrofon an, um es zu prüfen.",
    "quiet": "Ich höre noch nichts. Komm näher oder wähle ein anderes Mikrofon.",
    "playSound": "Ton abspielen",
    "played": "Hast du ihn gehört? Wenn nicht: Wähle einen anderen Lautsprecher oder stell lauter.",
    "loudness": "Wie laut {name} ist",
    "pushToTalk": "Zum Sprechen halten",
    "pushToTalkHint": "{name} hört dich nur, solange du den Knopf oder die Leertaste hältst. Tippe kurz, damit es an bleibt, und noch einmal, damit es ausgeht.",
    "notSwitched": "Das geht nicht. Es bleibt beim bisherigen.",
    "needsPermission": "Namen stehen hier, sobald das Mikrofon erlaubt ist."
  },

  "figures": "Wie schnell war das?",
  "waited": "Du hast {seconds} s auf die letzte Antwort gewartet.",
  "stepHeard": "Bis zum Ende zugehört",
  "stepThought": "Nachgedacht",
  "stepSpoke": "Zu sprechen begonnen",
  "took": "{seconds} s",

  "code": {
    "label": "Zugangscode",
    "submit": "Weiter"
  },

  "links": {
    "imprint": "Impressum",
    "privacy": "Datenschutz",
    "terms": "Bedingungen",
    "help": "Hilfe"
  },

  "states": {
    "idle": {"heading": "Hallo, ich bin {name}.", "hint": "Frag mich einfach laut. Ich höre zu und antworte in einfachen Worten."},
    "microphone": {"heading": "Darf ich dich hören?", "hint": "Dein Browser fragt nach dem Mikrofon. Bitte wähle „Zulassen“."},
    "connecting": {"heading": "Verbinde…", "hint": "Das dauert ein, zwei Sekunden."},
    "busy": {
      "heading": "Alle Leitungen sind belegt",
      "hint": {
        "one": "Du wartest auf eine freie. Nächster Versuch in einer Sekunde.",
        "other": "Du wartest auf eine freie. Nächster Versuch in {count} Sekunden."
      }
    },
    "trying": {"heading": "Alle Leitungen sind belegt", "hint": "Neuer Versuch…"},
    "waiting": {"heading": "Rufe {name} an…", "hint": "{name} hebt gleich ab."},
    "waitingLong": {"heading": "Rufe noch an…", "hint": "Es dauert etwas länger als sonst. Bleib bitte dran."},
    "waitingAgain": {"heading": "Einen Moment…", "hint": "{name} ist aus dem Gespräch gefallen. Wir holen {name} zurück."},
    "listening": {"heading": "Ich höre zu", "hint": "Sprich einfach."},
    "interrupted": {"heading": "Bitte sprich", "hint": "Ich bin still und höre dir zu."},
    "listeningMuted": {"heading": "Du bist stumm", "hint": "{name} hört dich nicht. Schalte dich ein oder tippe."},
    "listeningHold": {"heading": "Du bist dran", "hint": "Halte den Knopf oder die Leertaste, während du sprichst."},
    "listeningHolding": {"heading": "Ich höre zu", "hint": "Lass los, wenn du fertig bist."},
    "listeningLost": {"heading": "Das Mikrofon ist weg", "hint": "{name} hört dich nicht mehr. Tippe oder ruf noch einmal an."},
    "listeningTyping": {"heading": "Ich bin bereit", "hint": "Tippe eine Nachricht. {name} antwortet laut."},
    "thinking": {"heading": "Ich denke nach", "hint": "Einen Moment."},
    "speaking": {"heading": "Ich spreche", "hint": "Du kannst jederzeit dazwischenreden."},
    "speakingMuted": {"heading": "Ich spreche", "hint": "Du bist stumm. Du kannst jederzeit tippen."},
    "speakingTyping": {"heading": "Ich spreche", "hint": "Du kannst jederzeit tippen."},
    "speakingSilent": {"heading": "Ich spreche", "hint": "{name} ist stumm. Lies mit oder schalte den Ton ein."},
    "reconnecting": {"heading": "Verbinde neu…", "hint": "Das Netz wackelt. Bleib hier, das Gespräch geht von selbst weiter."},
    "blocked": {"heading": "Tippen, um {name} zu hören", "hint": "Dein Browser spielt Ton erst, wenn du auf die Seite tippst."},
    "endedByYou": {"heading": "Bis bald!", "hint": "Du hast aufgelegt. Schön, dass wir geredet haben."},
    "endedByAlex": {"heading": "Bis bald!", "hint": "{name} hat aufgelegt. Schön, dass wir geredet haben."}
  },

  "problems": {
    "microphone-denied": {
      "heading": "Ich kann dich nicht hören",
      "hint": "Das Mikrofon ist für diese Seite gesperrt. {undo} Versuch es dann noch einmal, oder tippe einfach."
    },
    "microphone-blocked": {
      "heading": "Ich kann dich nicht hören",
      "hint": "Dein Gerät lässt den Browser nicht ans Mikrofon. Erlaube es in den Einstellungen zum Datenschutz und versuch es noch einmal. Oder tippe einfach."
    },
    "microphone-dismissed": {
      "heading": "Ich habe keine Antwort bekommen",
      "hint": "Die Frage nach dem Mikrofon wurde geschlossen. Versuch es noch einmal und wähle „Zulassen“, oder tippe einfach."
    },
    "microphone-missing": {
      "heading": "Kein Mikrofon gefunden",
      "hint": "Steck eins an oder schalte es ein, und versuch es noch einmal. Oder tippe: {name} antwortet trotzdem laut."
    },
    "microphone-in-use": {
      "heading": "Das Mikrofon ist belegt",
      "hint": "Ein anderes Programm benutzt es. Schließ das Programm und versuch es noch einmal, oder tippe."
    },
    "page-insecure": {
      "heading": "Das Mikrofon braucht eine sichere Adresse",
      "hint": "Browser erlauben es nur auf https:// oder auf localhost. Öffne die Seite dort, oder tippe."
    },
    "browser-too-old": {
      "heading": "Dieser Browser kann nicht anrufen",
      "hint": "Bitte nimm einen aktuellen Chrome, Edge, Firefox oder Safari."
    },
    "page-incomplete": {
      "heading": "Die Seite ist nicht ganz geladen",
      "hint": "Ein Teil fehlt. Sieh nach dem Netz und versuch es noch einmal."
    },
    "offline": {
      "heading": "Du bist offline",
      "hint": "Dein Gerät hat kein Netz. Verbinde es und versuch es noch einmal."
    },
    "server-down": {
      "heading": "{name} ist nicht erreichbar",
      "hint": "Der Server antwortet nicht. Warte eine Minute und versuch es noch einmal."
    },
    "server-trouble": {
      "heading": "Bei uns ist etwas kaputt",
      "hint": "Der Server konnte kein Gespräch beginnen. Warte eine Minute und versuch es noch einmal."
    },
    "still-busy": {
      "heading": "Alle Leitungen sind noch belegt",
      "hint": "Viele Menschen sprechen gerade mit {name}. Bitte versuch es später noch einmal."
    },
    "too-many": {
      "heading": "Das waren viele Anrufe",
      "hint": "Mach bitte eine kurze Pause. {wait}"
    },
    "too-many-calls": {
      "heading": "Du hast genug Gespräche",
      "hint": "Von dort, wo du bist, laufen so viele Gespräche, wie es zugleich sein dürfen. Beende erst eins. {wait}"
    },
    "too-many-guesses": {
      "heading": "Zu viele falsche Codes",
      "hint": "Such inzwischen den richtigen. {wait}"
    },
    "closed": {
      "heading": "{name} hat gerade zu",
      "hint": "Für heute gab es so viele Gespräche, wie es geben kann. {wait}"
    },
    "sign-in": {
      "heading": "Bitte melde dich an",
      "hint": "Hast du einen Zugangscode? Gib ihn hier ein. Oder melde dich auf dieser Website an und lade die Seite neu."
    },
    "code-wrong": {
      "heading": "Dieser Code passt nicht",
      "hint": "Sieh noch einmal nach: Große und kleine Buchstaben zählen."
    },
    "refused": {
      "heading": "Dieses Gespräch ist nicht erlaubt",
      "hint": "Der Server sagt nein. Lade die Seite neu; wenn es wieder passiert, frag, wer sie betreibt."
    },
    "media-unreachable": {
      "heading": "Das Gespräch kommt nicht durch",
      "hint": "Die Seite geht, aber der Ton erreicht den Server nicht. Vielleicht sperrt ihn eine Firewall oder ein VPN: Nimm ein anderes Netz oder versuch es noch einmal."
    },
    "no-agent": {
      "heading": "{name} hat nicht abgehoben",
      "hint": "Niemand ging ans Telefon. Versuch es gleich noch einmal."
    },
    "agent-lost": {
      "heading": "Wir haben {name} verloren",
      "hint": "{name} fiel aus dem Gespräch und kam nicht zurück. Tut uns leid! Ruf bitte noch einmal an."
    },
    "network-lost": {
      "heading": "Die Verbindung ist weg",
      "hint": "Sieh nach dem Netz und ruf noch einmal an."
    },
    "elsewhere": {
      "heading": "Das Gespräch ist jetzt woanders",
      "hint": "Es ist in einem anderen Fenster offen. Hier kannst du ein neues beginnen."
    }
  },

  "undo": {
    "chrome": "Drück auf den Knopf links neben der Adresse und schalte das Mikrofon ein.",
    "firefox": "Drück auf das durchgestrichene Mikrofon links neben der Adresse und nimm die Sperre weg.",
    "safari": "Wähle Safari, Einstellungen für diese Website, und erlaube das Mikrofon.",
    "ios": "Öffne das Seitenmenü neben der Adresse, wähle Website-Einstellungen und erlaube das Mikrofon.",
    "android": "Drück auf den Knopf links neben der Adresse, wähle Berechtigungen und erlaube das Mikrofon.",
    "elsewhere": "Erlaube es in den Einstellungen des Browsers für diese Seite."
  },

  "wait": {
    "unknown": "Versuch es bitte später noch einmal.",
    "now": "Du kannst es jetzt wieder versuchen.",
    "seconds": {"one": "In einer Sekunde geht es wieder.", "other": "In {count} Sekunden geht es wieder."},
    "minutes": {"one": "In einer Minute geht es wieder.", "other": "In {count} Minuten geht es wieder."},
    "hours": {"one": "In einer Stunde geht es wieder.", "other": "In {count} Stunden geht es wieder."}
  },

  "announce": {
    "live": "{name} ist dran.",
    "muted": "Dein Mikrofon ist aus.",
    "unmuted": "Dein Mikrofon ist an.",
    "soundOff": "Der Ton ist aus. Was {name} sagt, wird als Text vorgelesen.",
    "soundOn": "Der Ton ist an.",
    "alexSaid": "{name}: {text}"
  }
};
