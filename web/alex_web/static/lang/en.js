/*
 * Every word the page says in English. A translation is one more file like this, with the same keys: one JSON object, which the
 * server reads too. {name} is what the assistant is called; a pair of "one" and "other" is chosen by {count}.
 * Plain words, short enough to read at a glance; a problem always says what to do next.
 */
export default {
  "language": "English",
  "title": "Talk to {name}",
  "description": "{name} is a warm and friendly voice assistant. Press one button and talk.",
  "pageTitle": {
    "live": "In a call · {name}",
    "busy": "Waiting for a line · {name}",
    "ended": "Call ended · {name}"
  },
  "maker": "by {maker}",
  "noScript": "{name} needs JavaScript to hear you. Please switch it on for this page and load it again.",

  "talk": "Talk to {name}",
  "talkAgain": "Talk again",
  "typeInstead": "Type instead",
  "again": "Try again",
  "reload": "Load the page again",
  "cancel": "Cancel",
  "hearAlex": "Turn the sound on",
  "chooseLanguage": "Language of this page",
  "finePrint": "The microphone is on during the call only. {name} is an AI and can be wrong.",
  "speaks": {
    "en": "{name} speaks and understands English.",
    "de": "{name} speaks and understands German."
  },

  "you": "You",
  "conversation": "Conversation",
  "conversationEmpty": "What you and {name} say shows up here.",
  "newest": "Newest",
  "copy": "Copy",
  "copied": "Copied",
  "notCopied": "The browser did not let me copy. Save it instead.",
  "save": "Save",
  "saved": "Saved",
  "anotherCall": "Another call",
  "fileName": "call with {name}",
  "interruptedHere": "You stepped in here.",
  "notSent": "Not sent. Please try again.",
  "compose": "Type a message to {name}",
  "composeHint": "Or type here…",
  "send": "Send",

  "controls": "Call controls",
  "microphoneOn": "Mute me",
  "microphoneOff": "Unmute me",
  "microphoneNone": "No mic",
  "hold": "Hold to talk",
  "holding": "Let go to send",
  "soundOn": "Mute {name}",
  "soundOff": "Hear {name}",
  "volume": "Volume",
  "hangUp": "Hang up",
  "callLength": "Length of the call",

  "quality": {
    "good": "Good connection",
    "poor": "Weak connection",
    "lost": "No connection"
  },

  "panel": {
    "open": "Sound and microphone",
    "title": "Sound and microphone",
    "close": "Done",
    "microphone": "Microphone",
    "speaker": "Speaker",
    "systemDefault": "System default",
    "microphoneNumber": "Microphone {number}",
    "speakerNumber": "Speaker {number}",
    "check": "Check the microphone",
    "listening": "Say something…",
    "heard": "I hear you well.",
    "muted": "You are muted. Unmute to check the microphone.",
    "quiet": "I hear nothing yet. Come closer, or choose another microphone.",
    "playSound": "Play a sound",
    "played": "Did you hear it? If not, choose another speaker or turn it up.",
    "loudness": "How loud {name} is",
    "pushToTalk": "Hold to talk",
    "pushToTalkHint": "{name} hears you only while you hold the button or the space bar. Tap it to keep it on, and once more to stop.",
    "notSwitched": "That one does not work. The last one is still used.",
    "needsPermission": "Names show up once the microphone is allowed."
  },

  "figures": "How quick was that?",
  "waited": "You waited {seconds} s for the last answer.",
  "stepHeard": "Heard you to the end",
  "stepThought": "Thought",
  "stepSpoke": "Began to speak",
  "took": "{seconds} s",

  "code": {
    "label": "Access code",
    "submit": "Continue"
  },

  "links": {
    "imprint": "Imprint",
    "privacy": "Privacy",
    "terms": "Terms",
    "help": "Help"
  },

  "states": {
    "idle": {"heading": "Hi, I'm {name}.", "hint": "Ask me anything out loud. I listen and answer in plain words."},
    "microphone": {"heading": "May I hear you?", "hint": "Your browser is asking for the microphone. Please choose “Allow”."},
    "connecting": {"heading": "Connecting…", "hint": "This takes a second or two."},
    "busy": {
      "heading": "All lines are busy",
      "hint": {
        "one": "You are waiting for a free one. Trying again in a second.",
        "other": "You are waiting for a free one. Trying again in {count} seconds."
      }
    },
    "trying": {"heading": "All lines are busy", "hint": "Trying again now…"},
    "waiting": {"heading": "Calling {name}…", "hint": "{name} is about to pick up."},
    "waitingLong": {"heading": "Still calling…", "hint": "It takes a little longer than usual. Please stay on the line."},
    "waitingAgain": {"heading": "One moment…", "hint": "{name} dropped out of the call. We are getting {name} back."},
    "listening": {"heading": "Listening", "hint": "Go ahead, just talk."},
    "interrupted": {"heading": "Go ahead", "hint": "I stopped talking. I am listening to you."},
    "listeningMuted": {"heading": "You are muted", "hint": "{name} cannot hear you. Unmute, or type a message."},
    "listeningHold": {"heading": "Your turn", "hint": "Hold the button or the space bar while you talk."},
    "listeningHolding": {"heading": "Listening", "hint": "Let go when you are done."},
    "listeningLost": {"heading": "The microphone is gone", "hint": "{name} cannot hear you any more. Type a message, or call again."},
    "listeningTyping": {"heading": "Ready when you are", "hint": "Type a message. {name} answers out loud."},
    "thinking": {"heading": "Thinking", "hint": "One moment."},
    "speaking": {"heading": "Speaking", "hint": "You can interrupt any time."},
    "speakingMuted": {"heading": "Speaking", "hint": "You are muted. You can type any time."},
    "speakingTyping": {"heading": "Speaking", "hint": "You can type any time."},
    "speakingSilent": {"heading": "Speaking", "hint": "{name} is muted. Read along, or turn the sound on."},
    "reconnecting": {"heading": "Reconnecting…", "hint": "The network is shaky. Stay here, the call goes on by itself."},
    "blocked": {"heading": "Tap to hear {name}", "hint": "Your browser plays sound only after a tap on this page."},
    "endedByYou": {"heading": "Bye for now!", "hint": "You hung up. It was nice talking to you."},
    "endedByAlex": {"heading": "Bye for now!", "hint": "{name} ended the call. It was nice talking to you."}
  },

  "problems": {
    "microphone-denied": {
      "heading": "I cannot hear you",
      "hint": "The microphone is blocked for this page. {undo} Then try again, or just type."
    },
    "microphone-blocked": {
      "heading": "I cannot hear you",
      "hint": "This device does not let the browser use the microphone. Allow it in the device's privacy settings, then try again. Or just type."
    },
    "microphone-dismissed": {
      "heading": "I did not get an answer",
      "hint": "The question about the microphone was closed. Try again and choose “Allow”, or just type."
    },
    "microphone-missing": {
      "heading": "No microphone found",
      "hint": "Plug one in or switch it on, and try again. Or type instead: {name} still answers out loud."
    },
    "microphone-in-use": {
      "heading": "The microphone is taken",
      "hint": "Another program is using it. Close that program and try again, or type instead."
    },
    "page-insecure": {
      "heading": "The microphone needs a safe address",
      "hint": "Browsers only allow it on https:// or on localhost. Open this page there, or type instead."
    },
    "browser-too-old": {
      "heading": "This browser cannot make calls",
      "hint": "Please use a current Chrome, Edge, Firefox or Safari."
    },
    "page-incomplete": {
      "heading": "The page did not load fully",
      "hint": "A part of it is missing. Check your network and try again."
    },
    "offline": {
      "heading": "You are offline",
      "hint": "Your device has no network. Connect it, and try again."
    },
    "server-down": {
      "heading": "{name} is out of reach",
      "hint": "The server does not answer. Wait a minute and try again."
    },
    "server-trouble": {
      "heading": "Something broke on our side",
      "hint": "The server could not start a call. Wait a minute and try again."
    },
    "still-busy": {
      "heading": "All lines are still busy",
      "hint": "Many people are talking to {name} right now. Please try again later."
    },
    "too-many": {
      "heading": "That was a lot of calls",
      "hint": "Please take a short break. {wait}"
    },
    "too-many-calls": {
      "heading": "You have enough calls",
      "hint": "As many calls are going on from where you are as there may be at once. End one first. {wait}"
    },
    "too-many-guesses": {
      "heading": "Too many wrong codes",
      "hint": "Please find the right one in the meantime. {wait}"
    },
    "closed": {
      "heading": "{name} is closed for now",
      "hint": "There have been as many calls as there can be for today. {wait}"
    },
    "sign-in": {
      "heading": "Please sign in",
      "hint": "Do you have an access code? Type it here. Or sign in to this site, and load the page again."
    },
    "code-wrong": {
      "heading": "That code does not fit",
      "hint": "Look at it again: capital and small letters count."
    },
    "refused": {
      "heading": "This call is not allowed",
      "hint": "The server said no. Load the page again; if it happens again, ask whoever runs it."
    },
    "media-unreachable": {
      "heading": "The call does not get through",
      "hint": "The page works, but sound cannot reach the server. A firewall or VPN may block it: try another network, or try again."
    },
    "no-agent": {
      "heading": "{name} did not pick up",
      "hint": "Nobody answered the call. Please try again in a moment."
    },
    "agent-lost": {
      "heading": "We lost {name}",
      "hint": "{name} dropped out and did not come back. Sorry! Please call again."
    },
    "network-lost": {
      "heading": "The connection was lost",
      "hint": "Check your network, and call again."
    },
    "elsewhere": {
      "heading": "This call moved elsewhere",
      "hint": "It is open in another window. You can start a new one here."
    }
  },

  "undo": {
    "chrome": "Press the button left of the address and switch the microphone on.",
    "firefox": "Press the crossed-out microphone left of the address and remove the block.",
    "safari": "Choose Safari, Settings for this Website, and allow the microphone.",
    "ios": "Open the page menu beside the address, choose Website Settings, and allow the microphone.",
    "android": "Press the button left of the address, choose Permissions, and allow the microphone.",
    "elsewhere": "Allow it in the browser's settings for this page."
  },

  "wait": {
    "unknown": "Please try again later.",
    "now": "You can try again now.",
    "seconds": {"one": "You can try again in a second.", "other": "You can try again in {count} seconds."},
    "minutes": {"one": "You can try again in a minute.", "other": "You can try again in {count} minutes."},
    "hours": {"one": "You can try again in an hour.", "other": "You can try again in {count} hours."}
  },

  "announce": {
    "live": "{name} is on the line.",
    "muted": "Your microphone is off.",
    "unmuted": "Your microphone is on.",
    "soundOff": "Sound is off. What {name} says is read out as text.",
    "soundOn": "Sound is on.",
    "alexSaid": "{name}: {text}"
  }
};
