"""Every word of the guide, by key and language. A language is added by adding it to each entry; a test asks for all.

Numbers stand in braces and come from the firmware: `numbers()`.
"""

from __future__ import annotations

from tonus import limits, panel

LANGUAGES = {"en": "English", "de": "Deutsch"}

TEXT: dict[str, dict[str, str]] = {
    "title": {"en": "Your guide to Tonus", "de": "Ihr Begleiter für Tonus"},
    "subtitle": {
        "en": "One sheet, both sides. Keep it by the mirror.",
        "de": "Ein Blatt, zwei Seiten. Am besten neben dem Spiegel.",
    },
    "not_medical": {
        "en": "Not a medical device. It promises nothing for your skin; it does what this sheet says.",
        "de": "Kein Medizinprodukt. Es verspricht nichts für Ihre Haut; es tut, was hier steht.",
    },
    # A session
    "session": {"en": "A session", "de": "Eine Sitzung"},
    "step_on": {
        "en": "*Press MODE.* The device tests itself; then one preset lamp is lit. MODE again: the next preset.",
        "de": "*MODE drücken.* Das Gerät prüft sich; dann leuchtet eine Programmlampe. MODE nochmals: das nächste "
        "Programm.",
    },
    "step_gel": {
        "en": "*Gel at number 1*, a thin film wherever you will glide there. Each next number when it is its turn: "
        "lift off, the time stands still.",
        "de": "*Gel auf Nummer 1*, ein dünner Film, wo Sie dort gleiten. Jede weitere Nummer, wenn sie dran ist: "
        "abheben, die Zeit steht still.",
    },
    "step_start": {
        "en": "*Press PLUS.* Level 1 is set, and two notes say which side comes first. Nothing is felt: "
        "it only looks for contact.",
        "de": "*PLUS drücken.* Stufe 1 ist gewählt, zwei Töne sagen, welche Seite zuerst kommt. Zu spüren ist "
        "nichts: es sucht nur Kontakt.",
    },
    "step_touch": {
        "en": "*Both electrodes on the gel, at number 1.* The contact lamp is steady; the current rises slowly from "
        "zero.",
        "de": "*Beide Elektroden aufs Gel, bei Nummer 1.* Die Kontaktlampe leuchtet ruhig; der Strom steigt langsam "
        "von null.",
    },
    "step_level": {
        "en": "*PLUS and MINUS choose the level*, 1 to {levels}. A lamp glimmers at last time's level; the "
        "device never goes up by itself. Little or nothing is felt: that is right.",
        "de": "*PLUS und MINUS wählen die Stufe*, 1 bis {levels}. Eine Lampe glimmt bei der Stufe vom letzten "
        "Mal; von selbst steigt das Gerät nie. Man spürt wenig oder nichts: so soll es sein.",
    },
    "step_glide": {
        "en": "*Glide along the arrows*, up and outward, slowly: about three seconds a stroke, hold a second at its "
        "end. Begin anew at each beep, in between as often as there is time. Two notes are the next number: "
        "falling on the left, rising on the right, "
        "level in the middle.",
        "de": "*Entlang der Pfeile gleiten*, nach oben und außen, langsam: etwa drei Sekunden ein Strich, am Ende "
        "eine Sekunde halten. Bei jedem Piep neu ansetzen, dazwischen, so oft Zeit ist. Zwei Töne heißen "
        "nächste Nummer: fallend links, "
        "steigend rechts, gleich in der Mitte.",
    },
    "step_lift": {
        "en": "*Lift off whenever you like.* The current is off at once and the time stands still until you are "
        "back.",
        "de": "*Abheben geht jederzeit.* Der Strom ist sofort aus, und die Zeit steht still, bis Sie wieder da sind.",
    },
    "step_skip": {
        "en": "*Leave a place out*: hold PLUS and MINUS together {skip_s} s. *Which number is it?* Press them "
        "together briefly.",
        "de": "*Eine Stelle auslassen*: PLUS und MINUS zusammen {skip_s} s halten. *Welche Nummer ist dran?* Beide "
        "zusammen kurz drücken.",
    },
    "step_done": {
        "en": "*Three rising notes: done.* The bar shows how much of what was set was delivered; it switches itself "
        "off. Wipe face and electrodes.",
        "de": "*Drei steigende Töne: fertig.* Die Leiste zeigt, wie viel vom Gewählten ankam; es schaltet sich "
        "selbst aus. Gesicht und Elektroden abwischen.",
    },
    "stop": {"en": "STOP: press MODE. Always, at once.", "de": "STOPP: MODE drücken. Immer, sofort."},
    # Presets
    "presets": {"en": "Presets: where, in which order", "de": "Programme: wo, in welcher Reihenfolge"},
    "mirror": {
        "en": "As in the mirror: left is your left. Begin at 1; arrows show the stroke. One number on both sides: both "
        "in turn.",
        "de": "Wie im Spiegel: links ist Ihr Links. Bei 1 beginnen; Pfeile zeigen den Strich. Eine Nummer auf beiden "
        "Seiten: beide abwechselnd.",
    },
    "preset_facts": {"en": "{minutes}, beep every {cue} s", "de": "{minutes}, Piep alle {cue} s"},
    "preset_stroke": {"en": "strokes {glide} + {hold} s", "de": "Striche {glide} + {hold} s"},
    "more_presets": {"en": "More presets", "de": "Weitere Programme"},
    "min": {"en": "min", "de": "Min."},
    "s": {"en": "s", "de": "s"},
    "to": {"en": "to", "de": "bis"},
    "lamp": {"en": "lamp", "de": "Lampe"},
    "blinks": {"en": "blinking", "de": "blinkend"},
    "forehead": {"en": "forehead", "de": "Stirn"},
    "brow": {"en": "brow", "de": "Braue"},
    "temple": {"en": "temple", "de": "Schläfe"},
    "eye": {"en": "below the eye", "de": "unterm Auge"},
    "cheek": {"en": "cheek", "de": "Wange"},
    "nose": {"en": "nose", "de": "Nase"},
    "mouth": {"en": "mouth", "de": "Mund"},
    "chin": {"en": "chin", "de": "Kinn"},
    "jaw": {"en": "jaw", "de": "Kiefer"},
    "neck": {"en": "side of the neck", "de": "Halsseite"},
    "left": {"en": "left", "de": "links"},
    "right": {"en": "right", "de": "rechts"},
    "middle": {"en": "", "de": ""},
    # Gel
    "gel": {"en": "Gel", "de": "Gel"},
    "gel_which": {
        "en": "Conductive and water-based. Never oil, never cream with oil: it does not conduct.",
        "de": "Leitfähig und auf Wasserbasis. Nie Öl, nie ölhaltige Creme: sie leiten nicht.",
    },
    "gel_side": {
        "en": "One side at a time, never the whole face at once: it would dry before its turn.",
        "de": "Eine Seite nach der anderen, nie das ganze Gesicht: es wäre trocken, bevor es dran ist.",
    },
    "gel_dry": {
        "en": "When it dries the contact lamp blinks fast and two low notes fall: *add gel, or a little water*. "
        "After {poor_s} s the session pauses; with gel it goes on by itself, from zero.",
        "de": "Trocknet es, blinkt die Kontaktlampe schnell und zwei tiefe Töne fallen: *Gel nachlegen oder etwas "
        "Wasser*. Nach {poor_s} s pausiert die Sitzung; mit Gel geht sie von selbst weiter, von null an.",
    },
    # Contact
    "contact": {"en": "Contact lamp", "de": "Kontaktlampe"},
    "good": {"en": "steady: the current flows. Glide.", "de": "ruhig: der Strom fließt. Gleiten."},
    "poor": {
        "en": "fast: too dry, or it comes and goes. *Add gel*, press a little, glide slower.",
        "de": "schnell: zu trocken oder wackelig. *Gel nachlegen*, etwas andrücken, langsamer gleiten.",
    },
    "open": {
        "en": "slow: no contact. Both electrodes on the skin.",
        "de": "langsam: kein Kontakt. Beide Elektroden auf die Haut.",
    },
    "short": {
        "en": "a flash: the electrodes touch each other. Part them; the time does not count.",
        "de": "ein Blitz: die Elektroden berühren sich. Trennen; die Zeit zählt nicht.",
    },
    # Buttons
    "buttons": {"en": "Buttons", "de": "Tasten"},
    "mode": {
        "en": "off: switch on. Choosing: the next preset. Done: choose again",
        "de": "aus: einschalten. Wählen: nächstes Programm. Fertig: neu wählen",
    },
    "mode_down": {"en": "in a session: *stops at once*", "de": "in der Sitzung: *stoppt sofort*"},
    "mode_long": {"en": "held {long_s} s: off, from anywhere", "de": "{long_s} s halten: aus, immer"},
    "plus": {
        "en": "choosing: start at level 1. Session: one level up",
        "de": "Wählen: Start mit Stufe 1. Sitzung: eine Stufe höher",
    },
    "minus": {"en": "session: one level down; at zero it pauses", "de": "Sitzung: eine Stufe tiefer; bei null Pause"},
    "minus_more": {"en": "held: further down", "de": "halten: weiter hinunter"},
    "minus_long": {
        "en": "choosing, held {sound_s} s: sound full, quiet, off",
        "de": "Wählen, {sound_s} s halten: Ton laut, leise, aus",
    },
    "chord": {
        "en": "session: shows and says which number it is; takes a level",
        "de": "Sitzung: zeigt und sagt, welche Nummer dran ist; nimmt eine Stufe",
    },
    "chord_long": {
        "en": "held {skip_s} s: leaves this number out; choosing: ticks on, off",
        "de": "{skip_s} s halten: lässt diese Nummer aus; beim Wählen: Ticken an, aus",
    },
    "mode_label": {"en": "MODE", "de": "MODE"},
    "plus_label": {"en": "PLUS", "de": "PLUS"},
    "minus_label": {"en": "MINUS", "de": "MINUS"},
    "both_label": {"en": "both", "de": "beide"},
    "drawn_contact": {"en": "contact", "de": "Kontakt"},
    "drawn_mode": {"en": "preset", "de": "Programm"},
    "drawn_level": {"en": "level", "de": "Stufe"},
    # Lights
    "lights": {"en": "Lamps", "de": "Lampen"},
    "lights_legend": {
        "en": "bar of five, four presets, contact; dim and blinking as drawn",
        "de": "Leiste aus fünf, vier Programme, Kontakt; schwach und blinkend wie gezeichnet",
    },
    "light_SELF_TEST": {"en": "a light runs along: it tests itself", "de": "ein Licht läuft durch: prüft sich"},
    "light_STANDBY": {"en": "choose a preset", "de": "Programm wählen"},
    "light_ARMED": {"en": "waits: put the electrodes on", "de": "bereit: Elektroden auflegen"},
    "light_TREAT": {"en": "it treats, here at level 5", "de": "läuft, hier mit Stufe 5"},
    "light_PAUSED": {"en": "paused: contact is gone", "de": "Pause: kein Kontakt"},
    "light_zone": {
        "en": "for a moment, here 3 of 8: two places a lamp; lit: done; blinks once, or twice for its second",
        "de": "kurz, hier 3 von 8: zwei Stellen je Lampe; hell: fertig; blinkt einmal, für ihre zweite zweimal",
    },
    "light_charge": {
        "en": "for a second, at switch-on: the charge, here 60 %",
        "de": "eine Sekunde beim Einschalten: Ladung, hier 60 %",
    },
    "light_soon": {
        "en": "the same, blinking: {soon_pct} % or less, charge soon",
        "de": "ebenso, blinkend: {soon_pct} % oder weniger, bald laden",
    },
    "light_stop": {"en": "for a moment: stopped", "de": "kurz: gestoppt"},
    "light_DONE": {
        "en": "done: the share that was delivered, here 80 %",
        "de": "fertig: der Anteil, der ankam, hier 80 %",
    },
    "light_less": {
        "en": "done, one side got less: in turn with it, here the left",
        "de": "fertig, eine Seite bekam weniger: im Wechsel mit ihr, hier der linken",
    },
    "light_expired": {
        "en": "the {session_min} min were over before the last place: in turn with this",
        "de": "die {session_min} Min. waren vor der letzten Stelle um: im Wechsel hiermit",
    },
    "light_CHARGING": {
        "en": "the cable is in: it charges, and treats nobody",
        "de": "Kabel steckt: lädt, behandelt niemanden",
    },
    "light_LOW_BATTERY": {"en": "charge it; it goes off", "de": "laden; es geht aus"},
    "light_FAULT": {"en": "fault: it counts the number, see below", "de": "Fehler: zählt die Nummer, siehe unten"},
    # Sounds
    "sounds": {"en": "Sounds", "de": "Töne"},
    "sounds_legend": {
        "en": "a higher dash is a higher note; blue: the device ticks in the hand, too",
        "de": "höherer Strich: höherer Ton; blau: das Gerät tickt auch in der Hand",
    },
    "sound_cue": {"en": "glide: begin anew", "de": "gleiten: neu ansetzen"},
    "sound_hold": {"en": "strokes: hold still", "de": "Striche: still halten"},
    "sound_left": {"en": "next number, on the left", "de": "nächste Nummer, links"},
    "sound_right": {"en": "next number, on the right", "de": "nächste Nummer, rechts"},
    "sound_middle": {"en": "next number, in the middle", "de": "nächste Nummer, Mitte"},
    "sound_done": {"en": "done", "de": "fertig"},
    "sound_less_left": {"en": "the left side got less", "de": "links kam weniger an"},
    "sound_less_right": {"en": "the right side got less", "de": "rechts kam weniger an"},
    "sound_expired": {
        "en": "{session_min} min over before the last place",
        "de": "{session_min} Min. um vor der letzten Stelle",
    },
    "sound_stop": {"en": "stopped", "de": "gestoppt"},
    "sound_level": {"en": "the level changed; ticks are off", "de": "andere Stufe; Ticken aus"},
    "sound_top": {"en": "no higher level", "de": "keine höhere Stufe"},
    "sound_dry": {"en": "too dry: add gel", "de": "zu trocken: Gel"},
    "sound_loose": {"en": "contact comes and goes: gel, press a little", "de": "Kontakt wackelt: Gel, andrücken"},
    "sound_charge": {"en": "{soon_pct} % or less: charge soon", "de": "{soon_pct} % oder weniger: bald laden"},
    "sound_low": {"en": "too low: charge now", "de": "zu leer: jetzt laden"},
    "sound_fault": {"en": "fault", "de": "Fehler"},
    "sound_full": {"en": "sound is full", "de": "Ton laut"},
    "sound_quiet": {"en": "sound is quiet", "de": "Ton leise"},
    "sound_off": {"en": "sound is off: ticks only; or ticks are on", "de": "Ton aus: nur Ticken; oder Ticken an"},
    # Charge
    "charge": {"en": "Charge", "de": "Laden"},
    "charge_words": {
        "en": "At switch-on the bar shows the charge for a second. Below {start_pct} % it does not start: three "
        "falling notes and a blinking lamp. Charge by USB; while the cable is in, nothing flows.",
        "de": "Beim Einschalten zeigt die Leiste eine Sekunde lang die Ladung. Unter {start_pct} % startet es "
        "nicht: drei fallende Töne und eine blinkende Lampe. Über USB laden; solange das Kabel steckt, fließt "
        "nichts.",
    },
    "weeks": {"en": "How often", "de": "Wie oft"},
    "weeks_words": {
        "en": "Regularly: 5 days a week for 60 days, then 3 a week. Without contact or a button for {idle_min} min, or "
        "after {session_min} min in all, it ends by itself.",
        "de": "Regelmäßig: 60 Tage lang an 5 Tagen der Woche, dann an 3. Ohne Kontakt und Taste nach {idle_min} "
        "Min., sonst nach {session_min} Min. endet es von selbst.",
    },
    # Before
    "before": {"en": "Before the first use", "de": "Vor dem ersten Mal"},
    "before_calibrated": {
        "en": "This device is calibrated: currents within {calibrated}.",
        "de": "Dieses Gerät ist kalibriert: Ströme auf {calibrated}.",
    },
    "before_uncalibrated": {
        "en": "This device is not calibrated: currents within {uncalibrated}. Calibrated: {calibrated}.",
        "de": "Dieses Gerät ist nicht kalibriert: Ströme auf {uncalibrated}. Kalibriert: {calibrated}.",
    },
    "before_either": {
        "en": "Not calibrated, currents are within {uncalibrated}; calibrated, {calibrated}. It tests itself at "
        "each start.",
        "de": "Ohne Kalibrierung stimmen Ströme auf {uncalibrated}, mit auf {calibrated}. Es prüft sich bei jedem "
        "Start.",
    },
    "before_patch": {
        "en": "*Patch test*: gel and level 1 for a minute on the inner forearm; wait a day. Redness that stays: do "
        "not use it.",
        "de": "*Hauttest*: Gel und Stufe 1 eine Minute auf dem inneren Unterarm; einen Tag warten. Bleibt es rot: "
        "nicht verwenden.",
    },
    "before_week": {
        "en": "*First week*: levels 1 to 3. Then as high as is pleasant, never higher.",
        "de": "*Erste Woche*: Stufen 1 bis 3. Danach so hoch, wie es angenehm ist, nie höher.",
    },
    "normal": {"en": "Normal", "de": "Normal"},
    "normal_words": {
        "en": "Feeling nothing. A faint tingle, a taste of metal, a twitch near a muscle: go down a level. Slight "
        "redness that is gone within an hour.",
        "de": "Nichts zu spüren. Ein leichtes Kribbeln, metallischer Geschmack, ein Zucken am Muskel: eine Stufe "
        "tiefer. Leichte Röte, die in einer Stunde weg ist.",
    },
    "when_stop": {"en": "Stop, and do not go on, when", "de": "Aufhören, und nicht weitermachen, bei"},
    "when_stop_words": {
        "en": "it hurts, burns or stings; skin stays red, swells or blisters; you feel dizzy, unwell, or your heart "
        "races; you see flashes. In doubt ask a doctor.",
        "de": "Schmerz, Brennen, Stechen; bleibender Röte, Schwellung, Blasen; Schwindel, Unwohlsein, Herzrasen; "
        "Blitzen vor den Augen. Im Zweifel ärztlich fragen.",
    },
    "never": {"en": "Never", "de": "Nie"},
    "never_words": {
        "en": "with epilepsy, a pacemaker or another implant, in pregnancy, with active cancer, after recent facial "
        "surgery or injectables, on broken or inflamed skin, under 18. Never over the eyes, on the front of "
        "the neck, across the chest. Not while driving or in water.",
        "de": "bei Epilepsie, Herzschrittmacher oder anderem Implantat, in der Schwangerschaft, bei aktivem Krebs, "
        "nach frischen Operationen oder Injektionen im Gesicht, auf verletzter oder entzündeter Haut, unter "
        "18. Nie über die Augen, vorn am Hals, quer über die Brust. Nicht beim Fahren oder im Wasser.",
    },
    "clean": {"en": "Cleaning", "de": "Reinigen"},
    "clean_words": {
        "en": "Switched off: wipe electrodes and case with a soft damp cloth, then dry. No running water, no "
        "solvent. Dried gel on the electrodes is poor contact.",
        "de": "Ausgeschaltet: Elektroden und Gehäuse mit weichem, feuchtem Tuch abwischen, dann trocknen. Kein "
        "fließendes Wasser, kein Lösungsmittel. Getrocknetes Gel auf den Elektroden ist schlechter Kontakt.",
    },
    # Faults
    "faults": {"en": "Faults", "de": "Fehler"},
    "faults_how": {
        "en": "All preset lamps are lit and three low notes sound; the output is off. Hold MODE to switch off, "
        "start again. {reading}",
        "de": "Alle Programmlampen leuchten, drei tiefe Töne; der Ausgang ist aus. MODE halten zum Ausschalten, neu "
        "starten. {reading}",
    },
    "faults_bar": {
        "en": "Count the blinks of the bar: left the tens, right the ones; a dim glow is 0. Here 24:",
        "de": "Blinken der Leiste zählen: links die Zehner, rechts die Einer; schwaches Glimmen ist 0. Hier 24:",
    },
    "number": {"en": "number", "de": "Nummer"},
    "means": {"en": "means", "de": "heißt"},
    "do": {"en": "what to do", "de": "was tun"},
    "fault_current": {"en": "the current was not the one that was set", "de": "der Strom war nicht der gewählte"},
    "fault_current_do": {
        "en": "Start again. If it comes back, do not use it; 19: calibrate it, or have it repaired.",
        "de": "Neu starten. Kommt es wieder, nicht benutzen; 19: kalibrieren oder reparieren lassen.",
    },
    "fault_program": {"en": "the program was held up", "de": "das Programm kam nicht weiter"},
    "fault_program_do": {
        "en": "Start again. If it comes back, report it with the log.",
        "de": "Neu starten. Kommt es wieder, mit dem Protokoll melden.",
    },
    "fault_button": {"en": "MODE is stuck: there would be no stop", "de": "MODE klemmt: es gäbe keinen Stopp"},
    "fault_button_do": {"en": "Free the button.", "de": "Taste frei machen."},
    "fault_broken": {"en": "a part is broken", "de": "ein Teil ist defekt"},
    "fault_broken_do": {"en": "Do not use it. Have it repaired.", "de": "Nicht benutzen. Reparieren lassen."},
    "fault_rail": {"en": "the voltage for the output is missing", "de": "die Spannung für den Ausgang fehlt"},
    "fault_rail_do": {
        "en": "Charge. If it comes back, have it repaired.",
        "de": "Laden. Kommt es wieder, reparieren lassen.",
    },
    "fault_wet": {"en": "it senses current where there is none", "de": "misst Strom, wo keiner ist"},
    "fault_wet_do": {
        "en": "Clean and dry the device. If it comes back, have it repaired.",
        "de": "Gerät reinigen und trocknen. Kommt es wieder, reparieren lassen.",
    },
    "fault_cell": {"en": "the cell's voltage cannot be right", "de": "die Spannung des Akkus kann nicht stimmen"},
    "fault_cell_do": {"en": "Charge; then replace the cell.", "de": "Laden; dann Akku ersetzen."},
    "fault_heat": {"en": "too cold or too warm", "de": "zu kalt oder zu warm"},
    "fault_heat_do": {"en": "Let it warm up or cool down.", "de": "Aufwärmen oder abkühlen lassen."},
    "fault_files": {
        "en": "a file of the firmware is missing or damaged",
        "de": "eine Datei der Firmware fehlt oder ist beschädigt",
    },
    "fault_files_do": {
        "en": "Copy the firmware again; 31: report it with the log.",
        "de": "Firmware neu aufspielen; 31: mit dem Protokoll melden.",
    },
    "footer": {
        "en": "Tonus {version}, made from {presets} by tonusctl guide.",
        "de": "Tonus {version}, erzeugt aus {presets} mit tonusctl guide.",
    },
    "band": {"en": "{pct} % or {ua} µA", "de": "{pct} % oder {ua} µA"},
    "point": {"en": ".", "de": ","},
    "shipped": {"en": "the presets that ship", "de": "den mitgelieferten Programmen"},
    "on_device": {"en": "those on device {id}", "de": "denen auf Gerät {id}"},
}  # fmt: skip


def numbers() -> dict[str, str]:
    """What the texts' braces stand for, from the firmware."""
    return {
        "levels": str(limits.LEVELS),
        "poor_s": f"{limits.POOR_PAUSE_MS / 1000:g}",
        "long_s": f"{panel.LONG_MS / 1000:g}",
        "start_pct": str(limits.BATTERY_START_PCT),
        "soon_pct": str(limits.CHARGE_SOON_PCT),
        "skip_s": f"{limits.CHORD_LONG_MS / 1000:g}",
        "sound_s": f"{panel.SOUND_MS / 1000:g}",
        "idle_min": str(limits.IDLE_OFF_MS // 60_000),
        "session_min": str(limits.SESSION_MAX_MS // 60_000),
    }
