"""Name hints: what a column's name says about whom it may name, in the languages that tables are headed in.

A hint alone names nobody: `phone_type` holds three words. So every hint is held against the column's values as well.
"""

from __future__ import annotations

import re
import unicodedata

_HINTS: dict[str, str] = {
    "email": "email emails emailaddress mail mailaddress emailadresse courriel correo correoelectronico posta pochta "
    "elpochta почта имейл",
    "phone": "phone phonenumber phoneno telephone tel telno mobile mobilephone mobilenumber cell cellphone fax telefon "
    "telefonnummer handy handynummer mobil rufnummer telephonenumber portable telefono movil cellulare telefoon "
    "telefone celular telefonnyjnomer nomertelefona whatsapp телефон",
    "national_id": "nationalid nationalidnumber personalid personalidnumber ssn socialsecurity socialsecuritynumber "
    "sozialversicherungsnummer svnr steuerid steueridnr idnr steueridentifikationsnummer taxid taxnumber nir "
    "securitesociale numerosecuritesociale numsecu dni nie nif cif documento codicefiscale bsn burgerservicenummer pesel "
    "nhs nhsnumber nino cpf aadhaar aadhar snils inn passport passportnumber passportno reisepass reisepassnummer ausweis "
    "ausweisnummer personalausweis passeport pasaporte passaporto pasport personnummer cpr cprnummer fodselsnummer hetu "
    "henkilotunnus rrn tckimlik kimlik curp rut sin tfn egn cnp rodnecislo oib pps ppsn amka nik driverlicense "
    "driverslicense drivinglicence drivinglicense fuehrerschein fuhrerschein паспорт снилс инн",
    "account": "iban bankaccount accountnumber accountno konto kontonummer compte cuenta conto bankverbindung "
    "sortcode numerocompte numerocuenta",
    "card": "card cardnumber creditcard creditcardnumber ccnumber pan kreditkarte kartennummer cartebancaire tarjeta "
    "numerotarjeta cartadicredito nomerkarty",
    "birth": "birthdate dateofbirth dob birthday born birth bday geburtsdatum geburtstag gebdat geburt geboren "
    "datenaissance naissance fechanacimiento nacimiento datanascita nascita datanascimento dataurodzenia "
    "geboortedatum datarozhdeniya datarozhdenia rozhdeniya birthyear yearofbirth geburtsjahr anneenaissance "
    "датарождения",
    "name": "firstname lastname surname familyname givenname fullname middlename maidenname forename vorname nachname "
    "familienname geburtsname vollname prenom nomfamille nomprenom apellido apellidos primerapellido nombrecompleto "
    "cognome nomecognome nomecompleto sobrenome imya imja familiya familija otchestvo fio imie nazwisko voornaam "
    "achternaam customername clientname patientname employeename contactname personname holdername accountholder "
    "cardholder cardholdername passengername borrowername kundenname имя фамилия отчество фио",
    "possible_name": "name nom nombre nome naam kunde kundin client cliente customer patient contact author owner holder "
    "employee person passenger teacher driver pilot seller agent manager student user member guest",
    "address": "street streetaddress streetname address addressline address1 addr homeaddress postaladdress strasse "
    "anschrift adresse wohnadresse hausnummer rue calle direccion domicilio via indirizzo ulitsa adres ulica straat "
    "endereco morada адрес улица",
    "latitude": "lat latitude breitengrad breite latitud latitudine shirota",
    "longitude": "lon long lng longitude laengengrad langengrad longitud longitudine dolgota",
    "user_name": "username userlogin login screenname nickname benutzername pseudonyme nutzername twitter skype "
    "instagram handle",
    "ip_address": "ip ipaddress ipaddr ipv4 ipv6 clientip remoteaddr ipadresse adresseip",
    "device": "mac macaddress imei imsi deviceid advertisingid idfa gaid",
    "vehicle": "licenseplate licenceplate numberplate platenumber kennzeichen immatriculation targa vin "
    "fahrgestellnummer nomermashiny",
}
"""By kind, words as they are when written without case, accents and separators."""
_ABOUT_A_THING = (
    "count cnt type kind flag verified verification consent optin opt has is days day length len status sent opened clicks rate score "
    "domain provider country order ratio share change weight isbn issn ean gtin upc sku barcode product category "
    "plan model make brand file airline company delta diff"
)
_ABOUT = frozenset(_ABOUT_A_THING.split())
"""Words with which a name says something about the thing and does not hold it."""
_LONGEST = 4
"""Words of a name that are read as one, at most."""
_WORD = re.compile(r"[A-ZА-ЯЁ]?[a-zа-яё]+|[A-ZА-ЯЁ]+(?![a-zа-яё])|\d+")
_BY_WORD = {word: kind for kind, words in _HINTS.items() for word in words.split()}


def words(name: str) -> tuple[str, ...]:
    """The words of a column's name, without case and accents.

    >>> words("customerFirst_Name"), words("Straße2")
    (('customer', 'first', 'name'), ('strasse', '2'))
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("й", "й"))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(word.lower() for word in _WORD.findall(kept))


def hints(name: str) -> frozenset[str]:
    """The kinds of personal data that a column's name suggests; the longest run of words that is known says most.

    Returns
    -------
    ``email``, ``phone``, ``national_id``, ``account``, ``card``, ``birth``, ``name``, ``possible_name``, ``address``,
    ``latitude``, ``longitude``, ``user_name``, ``ip_address``, ``device``, ``vehicle``; empty for a name that tells of
    a count, a type or a thing.

    Examples
    --------
    >>> sorted(hints("E-Mail")), sorted(hints("date_of_birth")), sorted(hints("phone_type")), sorted(hints("dep_delay"))
    (['email'], ['birth'], [], [])
    """
    parts = words(name)
    if _ABOUT & set(parts):
        return frozenset()
    for size in range(min(_LONGEST, len(parts)), 0, -1):
        joined = ("".join(parts[start : start + size]) for start in range(len(parts) - size + 1))
        if found := frozenset(_BY_WORD[word] for word in joined if word in _BY_WORD):
            return found
    return frozenset()


def is_thing(name: str) -> bool:
    """Whether a name tells of a thing, such as a book's number, whose check digit is one that people's numbers have too.

    >>> is_thing("isbn_10"), is_thing("nhs_number")
    (True, False)
    """
    return bool({"isbn", "issn", "ean", "gtin", "upc", "sku", "barcode", "isin", "lei", "vat"} & set(words(name)))
